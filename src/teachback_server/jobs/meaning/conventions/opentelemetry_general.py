"""OpenTelemetry's names for web requests, databases and the like: plumbing around the work, put aside."""

from teachback_server.jobs.meaning.convention import Convention, Means

OPENTELEMETRY_GENERAL = Convention(
    name="OpenTelemetry",
    markers=(),  # a span with these names alone is of no agent: no convention has understood it
    attributes={
        # What a web service was sent and sent back, where somebody records it
        "http.request.body": Means.INPUT,
        "http.response.body": Means.OUTPUT,
        # How it came
        "http.*": Means.SETTING,
        "url.query": Means.SETTING,
        "url.*": Means.SETTING,
        "rpc.*": Means.SETTING,
        "messaging.*": Means.SETTING,
        "net.*": Means.SETTING,
        "network.*": Means.SETTING,
        "feature_flag.*": Means.SETTING,
        "process.*": Means.SETTING,
        # What a database was asked
        "db.statement": Means.SETTING,
        "db.query.text": Means.SETTING,
        "db.query.summary": Means.SETTING,
        "db.query.parameter.*": Means.SETTING,
    },
)
