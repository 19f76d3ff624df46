#pragma once

namespace backendim::test {

/// An event as commit 3e9b720 wrote it.
struct kept_record {
  const char* stream;
  const char* type;
  const char* body;
};

/// Some days of a platform of that commit, stream by stream: each of its event types is here. The
/// app shop has releases 1 and 4, deployments that failed and were replaced, and one in the middle
/// of its build; the app old was destroyed. Never change a line of it.
inline constexpr kept_record journal_of_3e9b720[] = {
  {"accounts", "token_created",
   R"({"token":{"owner":{"user":"root","tenant":"main","may":"operate"},"token_id":"t-root)"
   R"(","hash":"$argon2id$root"},"at":"2026-02-01T10:00:00.000000000Z"})"},
  {"accounts", "token_created",
   R"({"token":{"owner":{"user":"ada","tenant":"acme","may":"deploy"},"token_id":"t-ada",")"
   R"(hash":"$argon2id$ada"},"at":"2026-02-01T10:01:00.000000000Z"})"},
  {"app/acme/shop", "app_created",
   R"({"tenant":"acme","app":"shop","url":"http://shop-acme.localhost:8080","at":"2026-02-)"
   R"(01T10:02:00.000000000Z"})"},
  {"app/acme/shop", "deployment_accepted",
   R"({"id":"01JK0000000000000000000001","release":1,"source":{"git":"https://example.org/)"
   R"(shop.git","ref":"main"},"config":{"env":{"GREETING":"hello"},"scaling":{"min":2}},"r)"
   R"(equest_id":"r1","fingerprint":"{\"source\":{\"git\":\"https://example.org/shop.git\")"
   R"(,\"ref\":\"main\"},\"config\":{\"env\":{\"GREETING\":\"hello\"},\"scaling\":{\"min\")"
   R"(:2}},\"meta\":{\"who\":\"\",\"request_id\":\"\"}}","who":"ada","queued":false})"},
  {"app/acme/shop", "deployment_concluded",
   R"({"id":"01JK0000000000000000000001","state":"succeeded","made":{"number":1,"image":"r)"
   R"(egistry/acme/shop@sha256:1","deployment":"01JK0000000000000000000001","config":{"env)"
   R"(":{"GREETING":"hello"},"scaling":{"min":2}},"port":3000,"who":"ada","at":"2026-02-01)"
   R"(T10:09:00.000000000Z"}})"},
  {"app/acme/shop", "deployment_accepted",
   R"({"id":"01JK0000000000000000000002","release":2,"source":{"blob":"sha256:abababababab)"
   R"(abababababababababababababababababababababababababab"},"config":{},"request_id":"r2")"
   R"(,"fingerprint":"{\"source\":{\"blob\":\"sha256:ababababababababababababababababababa)"
   R"(bababababababababababababab\"},\"meta\":{\"who\":\"\",\"request_id\":\"\"}}","who":")"
   R"(ada","queued":false})"},
  {"app/acme/shop", "deployment_accepted",
   R"({"id":"01JK0000000000000000000003","release":3,"source":{"git":"https://example.org/)"
   R"(shop.git","ref":"main"},"config":{},"request_id":"r3","fingerprint":"{\"source\":{\")"
   R"(git\":\"https://example.org/shop.git\",\"ref\":\"main\"},\"meta\":{\"who\":\"\",\"re)"
   R"(quest_id\":\"\"}}","who":"ada","queued":true})"},
  {"app/acme/shop", "deployment_accepted",
   R"({"id":"01JK0000000000000000000004","release":4,"source":{"git":"https://example.org/)"
   R"(shop.git","ref":"main"},"config":{"port":3000},"request_id":"r4","fingerprint":"{\"s)"
   R"(ource\":{\"git\":\"https://example.org/shop.git\",\"ref\":\"main\"},\"config\":{\"po)"
   R"(rt\":3000},\"meta\":{\"who\":\"\",\"request_id\":\"\"}}","who":"ada","queued":true})"},
  {"app/acme/shop", "deployment_concluded",
   R"({"id":"01JK0000000000000000000003","state":"superseded"})"},
  {"app/acme/shop", "deployment_concluded",
   R"({"id":"01JK0000000000000000000002","state":"failed","error":{"code":"build_failed",")"
   R"(message":"npm ci ended with 1.","evidence":["npm ERR! 404"],"next":"Mend package.jso)"
   R"(n."}})"},
  {"app/acme/shop", "deployment_concluded",
   R"({"id":"01JK0000000000000000000004","state":"succeeded","made":{"number":4,"image":"r)"
   R"(egistry/acme/shop@sha256:4","deployment":"01JK0000000000000000000004","config":{"por)"
   R"(t":3000},"port":3000,"who":"ada","at":"2026-02-01T10:24:00.000000000Z"}})"},
  {"app/acme/shop", "release_retired", R"({"number":1})"},
  {"app/acme/shop", "release_retired", R"({"number":2})"},
  {"app/acme/shop", "deployment_accepted",
   R"({"id":"01JK0000000000000000000005","release":5,"source":{"git":"https://example.org/)"
   R"(shop.git","ref":"main"},"config":{},"request_id":"r5","fingerprint":"{\"source\":{\")"
   R"(git\":\"https://example.org/shop.git\",\"ref\":\"main\"},\"meta\":{\"who\":\"\",\"re)"
   R"(quest_id\":\"\"}}","who":"ada","queued":false})"},
  {"app/acme/old", "app_created",
   R"({"tenant":"acme","app":"old","url":"http://old-acme.localhost:8080","at":"2026-02-01)"
   R"(T10:40:00.000000000Z"})"},
  {"app/acme/old", "deployment_accepted",
   R"({"id":"01JK0000000000000000000010","release":1,"source":{"blob":"sha256:abababababab)"
   R"(abababababababababababababababababababababababababab"},"config":{},"request_id":"o1")"
   R"(,"fingerprint":"{\"source\":{\"blob\":\"sha256:ababababababababababababababababababa)"
   R"(bababababababababababababab\"},\"meta\":{\"who\":\"\",\"request_id\":\"\"}}","who":")"
   R"(ada","queued":false})"},
  {"app/acme/old", "deployment_concluded",
   R"({"id":"01JK0000000000000000000010","state":"succeeded","made":{"number":1,"image":"r)"
   R"(egistry/acme/old@sha256:1","deployment":"01JK0000000000000000000010","config":{},"po)"
   R"(rt":8080,"who":"ada","at":"2026-02-01T10:42:00.000000000Z"}})"},
  {"app/acme/old", "app_destroyed", R"({"request_id":"x1","at":"2026-02-01T10:43:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000002", "deployment_created",
   R"({"id":"01JK0000000000000000000002","tenant":"acme","app":"shop","release":2,"source")"
   R"(:{"blob":"sha256:abababababababababababababababababababababababababababababababab"},)"
   R"("config":{},"url":"http://shop-acme.localhost:8080","who":"ada","at":"2026-02-01T10:)"
   R"(10:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000002", "step_began",
   R"({"step":"fetching","at":"2026-02-01T10:10:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000002", "source_fetched",
   R"({"plan":{"framework":"express","runtime":"node@20","base_image":"node:20","manifests)"
   R"(":["package.json"],"install":["npm ci"],"build":[],"start":"node server.js","port":3)"
   R"(000,"why":["package.json needs express"]},"config":{"name":"shop"}})"},
  {"deployment/01JK0000000000000000000002", "step_began",
   R"({"step":"building","at":"2026-02-01T10:11:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000002", "deployment_ended",
   R"({"state":"failed","error":{"code":"build_failed","message":"npm ci ended with 1.","e)"
   R"(vidence":["npm ERR! 404"],"next":"Mend package.json."},"at":"2026-02-01T10:12:00.000)"
   R"(000000Z"})"},
  {"deployment/01JK0000000000000000000003", "deployment_created",
   R"({"id":"01JK0000000000000000000003","tenant":"acme","app":"shop","release":3,"source")"
   R"(:{"git":"https://example.org/shop.git","ref":"main"},"config":{},"url":"http://shop-)"
   R"(acme.localhost:8080","who":"ada","at":"2026-02-01T10:15:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000003", "deployment_ended",
   R"({"state":"superseded","by":"01JK0000000000000000000004","at":"2026-02-01T10:17:00.00)"
   R"(0000000Z"})"},
  {"deployment/01JK0000000000000000000004", "deployment_created",
   R"({"id":"01JK0000000000000000000004","tenant":"acme","app":"shop","release":4,"source")"
   R"(:{"git":"https://example.org/shop.git","ref":"main"},"config":{"port":3000},"url":"h)"
   R"(ttp://shop-acme.localhost:8080","who":"ada","at":"2026-02-01T10:20:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "step_began",
   R"({"step":"fetching","at":"2026-02-01T10:20:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "source_fetched",
   R"({"plan":{"framework":"express","runtime":"node@20","base_image":"node:20","manifests)"
   R"(":["package.json"],"install":["npm ci"],"build":[],"start":"node server.js","port":3)"
   R"(000,"why":["package.json needs express"]},"config":{"port":3000,"build":{"command":")"
   R"(npm run build"},"health_check":"/health"}})"},
  {"deployment/01JK0000000000000000000004", "step_began",
   R"({"step":"building","at":"2026-02-01T10:21:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "step_began",
   R"({"step":"pushing","at":"2026-02-01T10:22:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "image_pushed",
   R"({"image":"registry/acme/shop@sha256:4"})"},
  {"deployment/01JK0000000000000000000004", "step_began",
   R"({"step":"releasing","at":"2026-02-01T10:23:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "step_began",
   R"({"step":"verifying","at":"2026-02-01T10:23:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000004", "deployment_ended",
   R"({"state":"succeeded","at":"2026-02-01T10:24:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000005", "deployment_created",
   R"({"id":"01JK0000000000000000000005","tenant":"acme","app":"shop","release":5,"source")"
   R"(:{"git":"https://example.org/shop.git","ref":"main"},"config":{},"url":"http://shop-)"
   R"(acme.localhost:8080","who":"ada","at":"2026-02-01T10:25:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000005", "step_began",
   R"({"step":"fetching","at":"2026-02-01T10:25:00.000000000Z"})"},
  {"deployment/01JK0000000000000000000005", "source_fetched",
   R"({"plan":{"framework":"express","runtime":"node@20","base_image":"node:20","manifests)"
   R"(":["package.json"],"install":["npm ci"],"build":[],"start":"node server.js","port":3)"
   R"(000,"why":["package.json needs express"]},"config":{"env":{"TZ":"UTC"}}})"},
  {"deployment/01JK0000000000000000000005", "step_began",
   R"({"step":"building","at":"2026-02-01T10:26:00.000000000Z"})"},
};

} // namespace backendim::test
