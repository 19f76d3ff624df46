from django.http import HttpResponse


def index(request):
    return HttpResponse("Hello from django\n", content_type="text/plain")
