"""The JSON API: each room brings a router of its own, and refusals are said in plain words in one place."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from teachback_server.jobs.api import make_jobs_router
from teachback_server.jobs.api_problems import describe_problems
from teachback_server.jobs.queries import count_auto_jobs
from teachback_server.jobs.running import RunningAgents
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.page_access import Access, page
from teachback_server.releases.api import make_releases_router
from teachback_server.results.api import router as results
from teachback_server.reviews.api import router as reviews
from teachback_server.reviews.outside.link_api import router as links
from teachback_server.reviews.outside.review_api import router as written_reviews
from teachback_server.site.job_api import router as job_lineage
from teachback_server.site.lineage_api import router as release_lineage

api = NinjaAPI(
    title="Teachback",
    version="1",
    description="Give work to a workflow, say what became of it, read what it learned. Settings makes the keys.",
    docs_url=None,  # its page would load scripts from elsewhere
    docs_decorator=page(Access.SIGNED_IN),
)
api.add_router("", make_jobs_router(RunningAgents()))
api.add_router("", reviews)
api.add_router("", links)
api.add_router("", written_reviews)
api.add_router("", job_lineage)
api.add_router("", make_releases_router(count_auto_jobs))
api.add_router("", release_lineage)
api.add_router("", results)


@api.exception_handler(AuthenticationError)
def refuse_key(request: HttpRequest, problem: AuthenticationError) -> HttpResponse:
    """No key, a wrong one, or one for something else."""
    detail = (
        "This needs a key of the workflow in the address, with the right scope, as 'Authorization: Bearer KEY'. "
        "An owner makes one on the workflow's Settings page."
    )
    return api.create_response(request, {"detail": detail}, status=401)


@api.exception_handler(PermissionMissing)
def refuse_role(request: HttpRequest, problem: PermissionMissing) -> HttpResponse:
    """The key is good, but not for this."""
    return api.create_response(request, {"detail": str(problem)}, status=403)


@api.exception_handler(ValidationError)
def refuse_body(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    """The call lacks something, or says something that cannot be."""
    return api.create_response(request, {"detail": describe_problems(problem.errors)}, status=422)
