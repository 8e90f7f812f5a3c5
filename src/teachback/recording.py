"""Takes finished steps of one workflow and puts them on their way."""

from teachback.configuration import Settings
from teachback.plain_json import spell_json
from teachback.spans import SpanRecord
from teachback.wire.otlp_spans import encode_span, redact_text
from teachback.wire.sender import Sender

CUT = "teachback.cut"


class Recorder:
    """Records the steps of one workflow; without a sender it takes them and forgets them."""

    def __init__(self, workflow_name: str, settings: Settings, sender: Sender | None) -> None:
        self.workflow_name = workflow_name
        self.settings = settings
        self._sender = sender

    @property
    def is_on(self) -> bool:
        """Whether anything is sent; where not, nothing needs to be spelled."""
        return self._sender is not None

    def record(self, span: SpanRecord) -> None:
        """Encode a span that has ended and hand it on; never waits."""
        if self._sender is None:
            return
        span.attributes["teachback.workflow"] = self.workflow_name
        self._sender.add_span(encode_span(span, self.settings.redact))

    def set_json(self, span: SpanRecord, name: str, value: object) -> str:
        """Spell a value into an attribute and return its whole text; what is too long is cut there and marked."""
        text = spell_json(value)
        most = self.settings.most_value_characters
        if len(text) <= most:
            span.attributes[name] = text
        else:
            span.attributes[name] = text[:most]
            cut = str(span.attributes.get(CUT, ""))
            span.attributes[CUT] = f"{cut} {name}".lstrip()
        return text

    def redact(self, name: str, text: str) -> str:
        """The text of an attribute as it is sent."""
        if not text or self.settings.redact is None:
            return text
        return redact_text(self.settings.redact, name, text)

    def hurry(self) -> None:
        """Send what was recorded without waiting for company."""
        if self._sender is not None:
            self._sender.hurry()
