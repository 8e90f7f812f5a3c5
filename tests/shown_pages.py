"""The pages of the picture book in `docs/pages.md`: where each is, who looks at it, and what it is for."""

from dataclasses import dataclass

WORKFLOW = "support-desk-sample"
HERE = f"/workflows/{WORKFLOW}"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One picture; `link` is what is clicked on the page at `path` to come to the page that is meant."""

    name: str
    title: str
    says: str
    path: str
    link: str = ""
    by: str = "admin"
    is_dark: bool = False
    is_phone: bool = False
    presses: tuple[str, ...] = ()


DESK = "One job at a time: what came in, what the agent made of it, and a key for each decision."
SHOWN = (
    Shown(name="home", title="Home", says="What waits and how each workflow is doing.", path="/"),
    Shown(
        name="results",
        title="Results",
        says="Whether the work got better, with its counts and honest intervals.",
        path=f"{HERE}/results",
    ),
    Shown(
        name="first-month",
        title="The first month",
        says="The same story told in sentences, to be printed or passed on.",
        path=f"{HERE}/first-month",
    ),
    Shown(name="desk", title="Review: the desk", says=DESK, path=f"{HERE}/review", by="bea"),
    Shown(
        name="desk-dark",
        title="The desk in the dark, with reasons open",
        says="After a correction or a rejection, a digit gives the reason.",
        path=f"{HERE}/review",
        by="bea",
        is_dark=True,
        presses=("r",),
    ),
    Shown(
        name="desk-phone",
        title="The desk on a phone",
        says="The same decisions, in reach of a thumb.",
        path=f"{HERE}/review",
        by="bea",
        is_phone=True,
    ),
    Shown(
        name="desk-third",
        title="The desk for a third person",
        says="Where two people decided differently, a third sees both decisions, not whose they are, and settles it.",
        path=f"{HERE}/review",
    ),
    Shown(
        name="queue",
        title="Queue",
        says="For owners: what waits and why each job is here, for whom, and until when.",
        path=f"{HERE}/review/queue",
    ),
    Shown(
        name="skills",
        title="Skills",
        says="For owners: who may decide which kind of jobs, and what waits that nobody may decide.",
        path=f"{HERE}/settings/skills",
    ),
    Shown(
        name="agreement",
        title="Agreement",
        says="How far people agree when two decide the same job without knowing of each other.",
        path=f"{HERE}/review/agreement",
    ),
    Shown(
        name="session",
        title="Your session",
        says="What somebody decided in one sitting, and how often others agreed.",
        path=f"{HERE}/review/session",
        by="bea",
    ),
    Shown(
        name="links",
        title="Links",
        says="Links with which somebody without an account decides one job.",
        path=f"{HERE}/review/links",
    ),
    Shown(
        name="sheet",
        title="Spreadsheet",
        says="Waiting jobs go out as a file, are decided in a spreadsheet program, and come back.",
        path=f"{HERE}/review/sheet",
    ),
    Shown(
        name="jobs",
        title="Jobs",
        says="Every job, with filters and search.",
        path=f"{HERE}/jobs",
    ),
    Shown(
        name="job",
        title="One job",
        says="What came in, what was made of it, each step on a timeline, and every decision about it.",
        path=f"{HERE}/jobs",
        link="main table a[href*='/jobs/']",
    ),
    Shown(
        name="reasons",
        title="Reasons",
        says="The reasons that people give, how often each, and new ones found among the notes.",
        path=f"{HERE}/reasons",
    ),
    Shown(
        name="stuck",
        title="Stuck points",
        says="Where the agent gets stuck, and what it costs.",
        path=f"{HERE}/stuck",
    ),
    Shown(
        name="changes",
        title="Changes",
        says="Recurring corrections, what is proposed against each, and what its gate found.",
        path=f"{HERE}/changes",
    ),
    Shown(
        name="change",
        title="One change",
        says="What it was made from, what it changes, and the cases on which it was judged.",
        path=f"{HERE}/changes",
        link="main a[href*='/changes/']",
    ),
    Shown(
        name="releases",
        title="Releases",
        says="Every version of the workflow, what it brought, and the way back.",
        path=f"{HERE}/releases",
    ),
    Shown(
        name="release",
        title="One release",
        says="All that the agent is given under it.",
        path=f"{HERE}/releases",
        link="main a[href*='/releases/']",
    ),
    Shown(
        name="autonomy",
        title="Autonomy",
        says="Which jobs skip review, on what evidence, and what audits found since.",
        path=f"{HERE}/autonomy",
    ),
    Shown(
        name="preview",
        title="Preview",
        says="With other settings, how many of last month's jobs would have come to people.",
        path=f"{HERE}/autonomy/preview",
    ),
    Shown(
        name="backtest",
        title="Backtest",
        says="The past work that went through the loop, and what it showed.",
        path=f"{HERE}/backtest",
    ),
    Shown(
        name="settings",
        title="Settings",
        says="People and their roles, keys for programs, agreement and messages of one workflow.",
        path=f"{HERE}/settings",
    ),
    Shown(
        name="boundary",
        title="Boundary",
        says="What the workflow takes in and hands over, and when it is finished.",
        path=f"{HERE}/settings/boundary",
    ),
    Shown(
        name="messages",
        title="Messages",
        says="Programs and channels that are told of decisions, and what became of each message.",
        path=f"{HERE}/settings/messages",
    ),
    Shown(
        name="workflow-intake",
        title="Traces of a workflow",
        says="What of this workflow came in as traces, and what was not understood.",
        path=f"{HERE}/intake",
    ),
    Shown(
        name="workflow-quarantine",
        title="Quarantine of a workflow",
        says="Spans that could not be read, each with its reason.",
        path=f"{HERE}/intake/quarantine",
    ),
    Shown(
        name="workflow-trail",
        title="Trail of a workflow",
        says="Who did what in it, and when; nobody can change it.",
        path=f"{HERE}/trail",
    ),
    Shown(name="intake", title="Intake", says="Lag, refusals and names that no workflow has.", path="/intake"),
    Shown(
        name="intake-name",
        title="A name of the intake",
        says="Which workflow traces of a certain name belong to, tried on what came in.",
        path="/intake/name?attribute=service.name&value=quotes",
    ),
    Shown(
        name="quarantine",
        title="Quarantine",
        says="Spans of no workflow that could not be read.",
        path="/intake/quarantine",
    ),
    Shown(name="people", title="People", says="Who is here, invitations, and roles.", path="/people"),
    Shown(name="account", title="Account", says="One's own password, sessions and mails.", path="/account"),
    Shown(
        name="mails",
        title="Mails",
        says="A mail a day with what waits, to those who wish it.",
        path="/account/mails",
    ),
    Shown(name="trail", title="Trail", says="Who did what in the whole house.", path="/trail"),
    Shown(
        name="start",
        title="Start here",
        says="The first steps: see the sample, bring past work, connect an agent.",
        path="/start-here",
    ),
    Shown(
        name="upload",
        title="Upload",
        says="Past work from a file becomes a workflow and a backtest.",
        path="/start-here/upload",
    ),
    Shown(
        name="new-workflow",
        title="New workflow",
        says="A workflow from a description of its work.",
        path="/workflows/new",
    ),
    Shown(name="sign-in", title="Sign in", says="With a name and a password.", path="/sign-in", by=""),
    Shown(
        name="forgotten",
        title="Password forgotten",
        says="Has a link to choose a new one mailed, where mails are set up.",
        path="/sign-in/forgotten",
        by="",
    ),
)
