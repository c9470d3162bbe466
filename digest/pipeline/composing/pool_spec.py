"""What a pool's hash is of: what may be chosen, and what the newsletter and its topics say beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from digest.model.newsletter import Newsletter
from digest.model.topic import Topic
from digest.store.specs import newsletter_as_json, topic_as_json

# When and how it goes out, and who may see or change it; nothing of that stands in a mail.
_UNSAID = frozenset(
    {"schedule", "retry", "urgent", "in_doubt", "max_late", "managed", "archive", "approval", "require_clean_lint"}
)


def whole_spec(chosen_from: str, newsletter: Newsletter, topics: Mapping[str, Topic]) -> str:
    """Return the spec of a pool (*chosen_from*, a JSON object) with the hash of what newsletter and topics say."""
    said = {key: value for key, value in newsletter_as_json(newsletter).items() if key not in _UNSAID}
    told = json.dumps([said, [[slug, topic_as_json(topic)] for slug, topic in sorted(topics.items())]], sort_keys=True)
    return f'{chosen_from[:-1]},"said":"{hashlib.sha256(told.encode()).hexdigest()}"}}'
