"""What one subscriber has: interests, pauses, ends."""

from __future__ import annotations

from fastapi import Request

from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.staff import hold_subscription
from digest.pipeline.staff.hold_subscription import subscription_of, subscriptions_of
from digest.pipeline.subscribers.put_subscriber import put_subscriber
from digest.web.api.agreement import Interests, PutOut, SubscriptionOut, interest_columns, put_out_of, told_of
from digest.web.api.door import Door
from digest.web.api.shapes import Moment, Page, Reason, Slug, Who
from digest.web.api.who import address_of_who, source_of


class Pause(Reason):
    """Until when nothing is sent."""

    until: Moment


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_subscriptions(who: Who) -> Page[SubscriptionOut]:
        """List what one subscriber has, or had."""
        return Page(items=[told_of(each) for each in subscriptions_of(house, address_of_who(house, who))])

    def put_interests(who: Who, newsletter: Slug, said: Interests) -> PutOut:
        """Set the interests of one subscription, unless the reader chose by their own hand."""
        address = address_of_who(house, who, newsletter)
        subscription_of(house, address, newsletter)
        done = put_subscriber(house, newsletter, {"email": address, **interest_columns(said)})
        return put_out_of(house, address, newsletter, done)

    def pause(who: Who, newsletter: Slug, said: Pause, request: Request) -> SubscriptionOut:
        """Send nothing of it before a time."""
        address, source = address_of_who(house, who, newsletter), source_of(request, said.source)
        hold_subscription.pause_subscription(house, address, newsletter, said.until, source=source)
        return told_of(subscription_of(house, address, newsletter))

    def resume(who: Who, newsletter: Slug, said: Reason, request: Request) -> SubscriptionOut:
        """End a pause; who left comes back by their own word only."""
        address, source = address_of_who(house, who, newsletter), source_of(request, said.source)
        hold_subscription.resume_subscription(house, address, newsletter, source=source)
        return told_of(subscription_of(house, address, newsletter))

    def end(who: Who, newsletter: Slug, request: Request) -> None:
        """End one subscription for good."""
        address = address_of_who(house, who, newsletter)
        hold_subscription.end_subscription(house, address, newsletter, source=source_of(request, ""))

    own = "/subscribers/{who}/subscriptions"
    its, writes = f"{own}/{{newsletter}}", Scope.SUBSCRIBERS_WRITE
    door.add("GET", own, Scope.SUBSCRIBERS_READ, list_subscriptions)
    door.add("PUT", f"{its}/interests", writes, put_interests)
    door.add("POST", f"{its}/pause", writes, pause, name="pause_subscription")
    door.add("POST", f"{its}/resume", writes, resume, name="resume_subscription")
    door.add("DELETE", its, writes, end, status=204, name="end_subscription")
