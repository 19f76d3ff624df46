#pragma once

#include "protocol/app.hpp"
#include "protocol/deployment.hpp"
#include "protocol/error.hpp"
#include "protocol/journal.hpp"

#include <caf/type_id.hpp>

// These names go over the wire and into the journal. Renaming one, or changing its fields, breaks
// older nodes and old records: add a new message instead. tests/protocol/wire_test.cpp freezes it.
CAF_BEGIN_TYPE_ID_BLOCK(backendim, caf::first_custom_type_id)

  CAF_ADD_TYPE_ID(backendim, (backendim::ec))
  CAF_ADD_TYPE_ID(backendim, (backendim::decode_error))
  CAF_ADD_TYPE_ID(backendim, (backendim::cause))
  CAF_ADD_TYPE_ID(backendim, (backendim::failure))
  CAF_ADD_TYPE_ID(backendim, (backendim::permission))
  CAF_ADD_TYPE_ID(backendim, (backendim::principal))
  CAF_ADD_TYPE_ID(backendim, (backendim::request_meta))
  CAF_ADD_TYPE_ID(backendim, (backendim::journal_event))
  CAF_ADD_TYPE_ID(backendim, (backendim::recorded_event))
  CAF_ADD_TYPE_ID(backendim, (backendim::append_events))
  CAF_ADD_TYPE_ID(backendim, (backendim::events_appended))
  CAF_ADD_TYPE_ID(backendim, (backendim::get_stream))
  CAF_ADD_TYPE_ID(backendim, (backendim::get_all_events))
  CAF_ADD_TYPE_ID(backendim, (backendim::recorded_events))
  CAF_ADD_TYPE_ID(backendim, (backendim::journal_actor))
  CAF_ADD_TYPE_ID(backendim, (backendim::get_changes))
  CAF_ADD_TYPE_ID(backendim, (backendim::stream_position))
  CAF_ADD_TYPE_ID(backendim, (backendim::build_config))
  CAF_ADD_TYPE_ID(backendim, (backendim::scaling_config))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_config))
  CAF_ADD_TYPE_ID(backendim, (backendim::build_plan))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_state))
  CAF_ADD_TYPE_ID(backendim, (backendim::source_ref))
  CAF_ADD_TYPE_ID(backendim, (backendim::step_record))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_info))
  CAF_ADD_TYPE_ID(backendim, (backendim::get_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::cancel_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::create_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::begin_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::supersede_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::complete_step))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_created))
  CAF_ADD_TYPE_ID(backendim, (backendim::step_began))
  CAF_ADD_TYPE_ID(backendim, (backendim::source_fetched))
  CAF_ADD_TYPE_ID(backendim, (backendim::image_pushed))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_ended))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_actor))
  CAF_ADD_TYPE_ID(backendim, (backendim::release))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_info))
  CAF_ADD_TYPE_ID(backendim, (backendim::get_app))
  CAF_ADD_TYPE_ID(backendim, (backendim::start_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::destroy_app))
  CAF_ADD_TYPE_ID(backendim, (backendim::conclude_deployment))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_removed))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_created))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_accepted))
  CAF_ADD_TYPE_ID(backendim, (backendim::deployment_concluded))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_destroyed))
  CAF_ADD_TYPE_ID(backendim, (backendim::app_actor))

CAF_END_TYPE_ID_BLOCK(backendim)
