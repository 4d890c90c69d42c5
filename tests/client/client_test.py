"""Drives a real server as another language's client application would: appends, retries, reads, follows, is refused.

    DAICHO_BINARY=target/debug/daicho python3 client_test.py

Every test opens a ledger of its own on the one server. The last line is `N passed, N failed`.
"""

import datetime
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import uuid

import merkle
from google.protobuf import message
from reflected import Api, Refused

START_SECONDS = 120
STOP_SECONDS = 60


class Server:
    """A `daicho serve` on a free port of this machine."""

    def __init__(self, binary, folder):
        self.process = subprocess.Popen(
            [binary, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--log-filter", "warn"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._address()

    def _address(self):
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        found = re.search(r"127\.0\.0\.1:[1-9]\d*", line)
        if not found:
            self.process.kill()
            raise AssertionError(f"the server said {line!r} and not where it listens")
        return found.group()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ends it as an operator does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def new_id():
    return str(uuid.uuid4())


class Ledger:
    """A ledger with one plan, one goal and one indicator: guided walks, at least 100 a year."""

    def __init__(self, api):
        self.api = api
        self.code = f"test-{uuid.uuid4().hex[:12]}"
        self.opening = {
            "requestId": new_id(),
            "code": self.code,
            "title": {"ja": "試験市", "en": "Test City"},
            "origin": f"daicho.example/{self.code}",
            "timeZone": "Asia/Tokyo",
            "locale": "ja-JP",
        }
        self.id = api.call("AdminService.OpenLedger", self.opening).ledger.id
        self.today = datetime.date.fromisoformat(api.call("LedgerService.GetLedger", {"ledger": self.id}).today)
        year = self.today.year - (self.today.month < 4)
        self.first, self.last = datetime.date(year, 4, 1), datetime.date(year + 1, 3, 31)
        self.goal, self.indicator, self.target_event = new_id(), new_id(), new_id()
        self.setup = self.request(*self._plan())
        self.receipt = self.append(self.setup).receipt

    def _plan(self):
        department, section, plan, initiative = new_id(), new_id(), new_id(), new_id()
        title = lambda ja, en: {"ja": ja, "en": en}
        unit = {"unit": department, "code": "文化部", "name": title("文化部", "Culture"), "kind": "UNIT_KIND_DEPARTMENT"}
        yield self.event("orgUnitRegistered", unit, self.first)
        unit = {
            "unit": section,
            "code": "散歩課",
            "name": title("散歩課", "Walks"),
            "kind": "UNIT_KIND_SECTION",
            "parent": "文化部",
        }
        yield self.event("orgUnitRegistered", unit, self.first)
        cycle = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        pillars = [{"number": 1, "title": title("歩きたくなる町", "A town to walk in")}]
        published = {"plan": plan, "code": "計画", "title": title("計画", "Plan"), "cycle": cycle, "pillars": pillars}
        yield self.event("planPublished", published, self.first)
        goal = {
            "goal": self.goal,
            "plan": plan,
            "code": "計画/文化部/1-1",
            "department": department,
            "pillar": 1,
            "title": title("町を知る", "Know the town"),
            "sourceText": "案内つきの散歩で町を知ってもらう。",
        }
        yield self.event("goalSet", goal, self.first)
        yield self.event(
            "initiativeSet",
            {
                "initiative": initiative,
                "goal": self.goal,
                "number": 1,
                "code": "計画/文化部/1-1/1",
                "title": title("散歩", "Walks"),
                "sourceText": "案内つきの散歩を行う。",
                "leadUnit": section,
            },
            self.first,
        )
        definition = {
            "measureType": "MEASURE_TYPE_COUNT",
            "entryKind": "ENTRY_KIND_INCREMENT",
            "aggTime": "AGG_TIME_SUM",
            "aggSpace": "AGG_SPACE_NONE",
            "comparator": "COMPARATOR_GE",
            "quantifier": "QUANTIFIER_SINGLE",
            "unit": {
                "code": "{walk}",
                "displayJa": "回",
                "displayEn": "walks",
                "dimension": "DIMENSION_KIND_COUNT",
                "dimensionOf": "回",
            },
            "attainmentBasis": "ATTAINMENT_BASIS_TO_TARGET",
            "disclosure": "DISCLOSURE_PUBLIC",
            "resultLevel": "RESULT_LEVEL_OUTPUT",
        }
        yield self.event(
            "indicatorDefined",
            {
                "indicator": self.indicator,
                "initiative": initiative,
                "code": "計画/文化部/1-1/1.1",
                "title": title("散歩の回数", "Walks held"),
                "sourceText": "年100回以上",
                "definition": definition,
            },
            self.first,
        )
        target = {"indicator": self.indicator, "target": {"value": "100"}}
        yield self.event("targetSet", target, self.first, eventId=self.target_event)

    def event(self, kind, payload, valid_from, **envelope):
        return {"eventId": new_id(), "validFrom": valid_from.isoformat(), kind: payload, **envelope}

    def walks(self, number, day=None, **payload):
        """A report of so many walks."""
        fact = {"indicator": self.indicator, "measurement": {"increment": number}, **payload}
        return self.event("actualRecorded", fact, day or self.first)

    def request(self, *events, **fields):
        return {"ledger": self.id, "requestId": new_id(), "events": list(events), **fields}

    def append(self, request, **options):
        return self.api.call("LedgerService.AppendEvents", request, **options)

    def head(self):
        return self.api.call("LedgerService.GetLedger", {"ledger": self.id}).head

    def refused(self, request, **options):
        """The refusal of an append, after a check that nothing of it was kept."""
        before = self.head()
        try:
            self.append(request, **options)
        except Refused as refusal:
            assert self.head() == before, "a refused request left something in the ledger"
            return refusal
        raise AssertionError("was not refused")


def refusal(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Refused as refused:
        return refused
    raise AssertionError("was not refused")


def equal(actual, expected):
    if isinstance(expected, message.Message):
        # Two clients learn two descriptors of one type.
        actual, expected = actual.SerializeToString(), expected.SerializeToString()
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


# What a server offers.


def reflection_names_the_services(api):
    services = set(api.descriptors.services())
    wanted = {f"daicho.v1.{name}Service" for name in ("Admin", "Audit", "Goal", "Ledger")}
    assert wanted <= services, services


def health_says_serving(api):
    check = api.channel.unary_unary("/grpc.health.v1.Health/Check")
    # HealthCheckResponse { status: SERVING }
    equal(check(b"", timeout=20), b"\x08\x01")


def a_ledger_says_what_it_is(api):
    ledger = Ledger(api)
    answer = api.call("LedgerService.GetLedger", {"ledger": ledger.code})
    equal((answer.ledger.id, answer.ledger.code, answer.ledger.sample), (ledger.id, ledger.code, False))
    equal(answer.limits.events_per_request, 1000)
    equal([plan.code for plan in answer.plans], ["計画"])
    listed = api.call("AdminService.ListLedgers", {})
    assert ledger.id in {status.ledger.id for status in listed.ledgers} or listed.next_page_token


# Writing and writing again.


def one_request_builds_a_plan(api):
    ledger = Ledger(api)
    receipt = ledger.receipt
    equal((receipt.first_position, receipt.size, len(receipt.events)), (1, 8, 7))
    equal([event.position for event in receipt.events], list(range(1, 8)))
    equal([event.event_id for event in receipt.events], [event["eventId"] for event in ledger.setup["events"]])
    assert all(len(event.leaf_hash) == 32 for event in receipt.events)
    times = [event.recorded_at.ToNanoseconds() for event in receipt.events]
    assert times == sorted(set(times)), "record times strictly increase"


def a_write_says_before_and_after(api):
    ledger = Ledger(api)
    first = ledger.append(ledger.request(ledger.walks("3"), effects=True))
    second = ledger.append(ledger.request(ledger.walks("5"), effects=True))
    outcome = second.outcomes[0]
    equal(outcome.indicator.id, ledger.indicator)
    equal(first.outcomes[0].before.actual.WhichOneof("kind"), "no_report")
    equal((outcome.before.actual.number.value, outcome.after.actual.number.value), ("3", "8"))
    equal(outcome.after.target.value, "100")


def a_retry_gives_the_first_receipt(api):
    ledger = Ledger(api)
    request = ledger.request(ledger.walks("3"), ledger.walks("4"))
    first = ledger.append(request)
    again = ledger.append(request)
    assert not first.replayed and again.replayed
    equal(again.receipt, first.receipt)
    other_call = ledger.append({**request, "requestId": new_id()})
    assert other_call.replayed
    equal(other_call.receipt, first.receipt)
    equal(ledger.head().size, first.receipt.size)
    equal(api.call("LedgerService.GetReceipt", {"ledger": ledger.id, "requestId": request["requestId"]}).receipt, first.receipt)


def opening_again_gives_the_same_ledger(api):
    ledger = Ledger(api)
    again = api.call("AdminService.OpenLedger", ledger.opening)
    assert again.replayed
    equal(again.ledger.id, ledger.id)
    taken = refusal(api.call, "AdminService.OpenLedger", {**ledger.opening, "requestId": new_id()})
    equal((taken.code, taken.reason), ("ALREADY_EXISTS", "CODE_TAKEN"))


def known_ids_with_other_content_are_refused(api):
    ledger = Ledger(api)
    request = ledger.request(ledger.walks("3"))
    ledger.append(request)
    event = request["events"][0]
    changed = {**event, "actualRecorded": {**event["actualRecorded"], "measurement": {"increment": "4"}}}
    for events in ([changed], [event, ledger.walks("1")]):
        refused = ledger.refused({**request, "requestId": new_id(), "events": events})
        equal((refused.code, refused.reason), ("ALREADY_EXISTS", "IDEMPOTENCY_CONFLICT"))
        assert event["eventId"] in str(refused.info.metadata), refused.info
    refused = ledger.refused(request, actor="誰か 別人")
    equal((refused.code, refused.reason), ("ALREADY_EXISTS", "ACTOR_DIFFERS"))


def a_check_keeps_nothing(api):
    ledger = Ledger(api)
    before = ledger.head()
    checked = ledger.append(ledger.request(ledger.walks("3"), validateOnly=True))
    assert checked.validated and not checked.replayed
    equal(checked.outcomes[0].after.actual.number.value, "3")
    equal(ledger.head(), before)


def what_became_of_a_call_can_be_asked(api):
    ledger = Ledger(api)
    unknown = refusal(api.call, "LedgerService.GetReceipt", {"ledger": ledger.id, "requestId": new_id()})
    equal((unknown.code, unknown.reason), ("NOT_FOUND", "REQUEST_UNKNOWN"))
    equal(unknown.info.metadata["size"], str(ledger.receipt.size))


# Reading what was written.


def stored_leaves_hash_to_the_root(api):
    ledger = Ledger(api)
    for number in range(1, 20):
        ledger.append(ledger.request(ledger.walks(str(number))))
    read = {"ledger": ledger.id, "format": "EVENT_FORMAT_LEAVES"}
    messages = api.read("LedgerService.ReadEvents", read)
    leaves = [leaf for answer in messages for leaf in merkle.delimited(answer.batch.leaves)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    head = ledger.head()
    equal((len(leaves), merkle.root(hashes)), (head.size, head.root))
    equal([event.leaf_hash for event in ledger.receipt.events], hashes[1:8])
    for position in (0, 7, 26):
        answer = api.call("LedgerService.GetEvent", {"ledger": ledger.id, "position": position})
        equal((answer.leaf, answer.event.leaf_hash), (leaves[position], hashes[position]))


def decoded_events_carry_who_when_and_where(api):
    ledger = Ledger(api)
    request = ledger.request(ledger.walks("3"))
    ledger.append(request, actor="係長 一郎")
    events = [
        event
        for answer in api.read("LedgerService.ReadEvents", {"ledger": ledger.id, "fromPosition": 5})
        for event in answer.batch.events.events
    ]
    equal([event.position for event in events], [5, 6, 7, 8])
    last = events[-1]
    equal(last.actor.subject, "係長 一郎")
    equal(last.request_id, request["requestId"])
    equal(last.fact.actual_recorded.measurement.increment, "3")
    equal(last.fact.actual_recorded.indicator, ledger.indicator)
    equal(last.prev_leaf_hash, events[-2].leaf_hash)
    equal(last.revision, events[-2].revision + 1)
    limited = api.read("LedgerService.ReadEvents", {"ledger": ledger.id, "fromPosition": 2, "limit": 3})
    equal(sum(answer.batch.count for answer in limited), 3)
    equal(limited[-1].next_position, 5)


def a_follower_misses_nothing_and_sees_nothing_twice(api):
    ledger = Ledger(api)
    follow = lambda position: api.stream(
        "LedgerService.SubscribeEvents", {"ledger": ledger.id, "fromPosition": position}
    )
    seen, resume = [], 0
    call = follow(0)
    for frame in call:
        seen += [event.position for event in frame.batch.events.events]
        resume = frame.next_position
        if frame.WhichOneof("frame") == "caught_up":
            equal(frame.caught_up.head.size, 8)
            break
    equal(seen, list(range(8)))
    appended = ledger.append(ledger.request(ledger.walks("1"), ledger.walks("2"))).receipt
    while resume < appended.size:
        frame = next(call)
        seen += [event.position for event in frame.batch.events.events]
        resume = frame.next_position
    call.cancel()
    ledger.append(ledger.request(ledger.walks("4")))
    call = follow(resume)
    frame = next(call)
    while frame.WhichOneof("frame") != "batch":
        frame = next(call)
    call.cancel()
    seen += [event.position for event in frame.batch.events.events]
    equal(seen, list(range(11)))


def a_follower_may_ask_for_some_types_only(api):
    ledger = Ledger(api)
    wanted = {"ledger": ledger.id, "types": ["EVENT_TYPE_TARGET_SET", "EVENT_TYPE_GOAL_SET"]}
    seen = []
    call = api.stream("LedgerService.SubscribeEvents", wanted)
    for frame in call:
        seen += [event.fact.WhichOneof("payload") for event in frame.batch.events.events]
        if frame.WhichOneof("frame") == "caught_up":
            break
    call.cancel()
    equal(seen, ["goal_set", "target_set"])


def many_appends_are_in_flight_and_answered_in_order(api):
    ledger = Ledger(api)
    first = ledger.walks("3")
    retracted = {"indicator": ledger.indicator, "retracts": first["eventId"]}
    reason = {"code": "REASON_CODE_ENTRY_ERROR", "text": "二重に報告した"}
    requests = [ledger.request(first)]
    requests.append(ledger.request(ledger.event("actualRetracted", retracted, ledger.first, reason=reason)))
    requests.append(ledger.request(ledger.walks("some")))
    requests += [ledger.request(ledger.walks("1")) for _ in range(50)]
    requests.append(requests[0])
    # All are sent before any answer is read; then the client has sent all, and the stream ends by itself.
    answers = api.read("LedgerService.SubmitEvents", [{"append": request} for request in requests], language="en")
    equal([answer.index for answer in answers], list(range(len(requests))))
    equal([answer.request_id for answer in answers], [request["requestId"] for request in requests])
    refused = [answer for answer in answers if answer.WhichOneof("frame") == "refused"]
    equal([answer.index for answer in refused], [2])
    refusal, alone = Refused.answered(refused[0].refused), ledger.refused(requests[2], language="en")
    equal((refusal.code, refusal.reason, refusal.message), (alone.code, alone.reason, alone.message))
    equal((refusal.fields, refusal.localized), (alone.fields, alone.localized))
    appended = [answer.appended for answer in answers if answer.WhichOneof("frame") == "appended"]
    equal([answer.receipt.first_position for answer in appended[:-1]], list(range(8, 60)))
    assert appended[-1].replayed
    equal(appended[-1].receipt, appended[0].receipt)
    equal(ledger.head().size, 60)


# Where goals stand, and who changed what.


def a_client_reads_its_writes(api):
    ledger = Ledger(api)
    receipt = ledger.append(ledger.request(ledger.walks("3"), ledger.walks("5", ledger.today))).receipt
    for name in (ledger.goal, "計画/文化部/1-1"):
        answer = api.call(
            "GoalService.GetGoal", {"ledger": ledger.code, "goal": name, "minPosition": receipt.size - 1}
        )
        indicator = answer.goal.initiatives[0].indicators[0]
        equal((answer.goal.id, indicator.id), (ledger.goal, ledger.indicator))
        equal((indicator.actual.number.value, indicator.target.target.value), ("8", "100"))
        equal(answer.answered_at.head.size, receipt.size)
    series = api.call("GoalService.GetSeries", {"ledger": ledger.id, "indicator": ledger.indicator})
    equal([entry.measurement.increment for entry in series.entries], ["3", "5"])
    found = api.call("GoalService.LookupCode", {"ledger": ledger.id, "code": "計画/文化部/1-1/1.1"})
    equal([entity.id for entity in found.entities], [ledger.indicator])
    overview = api.call("GoalService.GetOverview", {"ledger": ledger.id})
    equal((overview.total.goals, overview.total.indicators, overview.total.reported), (1, 1, 1))
    listed = api.call("GoalService.ListGoals", {"ledger": ledger.id, "find": "散歩"})
    equal([goal.id for goal in listed.goals], [ledger.goal])


def a_revised_target_says_who_and_why(api):
    ledger = Ledger(api)
    revision = ledger.event(
        "targetRevised",
        {
            "indicator": ledger.indicator,
            "replaces": ledger.target_event,
            "before": {"value": "100"},
            "target": {"value": "80"},
        },
        ledger.today,
        reason={"code": "REASON_CODE_BUDGET", "text": "案内人の予算が減ったため"},
    )
    ledger.append(ledger.request(revision), actor="部長 次郎")
    answer = api.call(
        "AuditService.ListChanges",
        {"ledger": ledger.id, "subject": ledger.indicator, "types": ["EVENT_TYPE_TARGET_REVISED"]},
    )
    equal(len(answer.changes), 1)
    change = answer.changes[0]
    equal((change.actor.subject, change.reason.text), ("部長 次郎", "案内人の予算が減ったため"))
    equal(change.subject.id, ledger.indicator)
    target = [field for field in change.fields if field.field == "target"]
    assert len(target) == 1 and "100" in target[0].before and "80" in target[0].after, change.fields
    second = {**revision, "eventId": new_id()}
    refused = ledger.refused(ledger.request(second))
    equal((refused.code, refused.reason), ("FAILED_PRECONDITION", "TARGET_SUPERSEDED"))


# Being refused.


def everything_wrong_is_told_at_once(api):
    ledger = Ledger(api)
    no_number, no_day = ledger.walks("１２"), ledger.walks("1")
    no_day["validFrom"] = "2023-02-30"
    refused = ledger.refused(ledger.request(no_number, ledger.walks("2"), no_day, ledger.walks("x")), language="ja")
    equal(refused.code, "INVALID_ARGUMENT")
    equal((refused.info.domain, refused.reason), ("daicho", "VALUE_NOT_NUMERIC"))
    equal(
        refused.fields,
        {
            "events[0].actual_recorded.measurement.increment": "VALUE_NOT_NUMERIC",
            "events[2].valid_from": "DATE_INVALID",
            "events[3].actual_recorded.measurement.increment": "VALUE_NOT_NUMERIC",
        },
    )
    equal(refused.info.metadata["violations"], "3")


def people_are_told_in_their_language(api):
    ledger = Ledger(api)
    request = ledger.request(ledger.walks("x"))
    japanese = ledger.refused(request, language="ja").localized
    english = ledger.refused(request, language="en").localized
    equal((japanese.locale[:2], english.locale[:2]), ("ja", "en"))
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", japanese.message), japanese
    assert english.message.isascii(), english


def a_broken_rule_is_a_failed_precondition(api):
    ledger = Ledger(api)
    suspension = ledger.event(
        "goalSuspended",
        {"goal": ledger.goal},
        ledger.first,
        reason={"code": "REASON_CODE_EXTERNAL_CAUSE", "text": "道が通れないため"},
    )
    ledger.append(ledger.request(suspension))
    refused = ledger.refused(ledger.request(ledger.walks("3", ledger.today)))
    equal((refused.code, refused.reason), ("FAILED_PRECONDITION", "GOAL_SUSPENDED"))
    equal([violation.type for violation in refused.precondition.violations], ["GOAL_SUSPENDED"])


def the_second_of_two_is_told(api):
    ledger = Ledger(api)
    stream = {"kind": "STREAM_KIND_GOAL", "id": ledger.goal}
    expecting = lambda revision: {"expectedRevisions": [{"stream": stream, "revision": revision}]}
    ledger.append(ledger.request(ledger.walks("1"), **expecting(4)))
    refused = ledger.refused(ledger.request(ledger.walks("2"), **expecting(4)))
    equal((refused.code, refused.reason), ("ABORTED", "STREAM_VERSION_CONFLICT"))
    equal((refused.info.metadata["current"], refused.info.metadata["expected"]), ("5", "4"))


def what_does_not_exist_is_not_found(api):
    ledger = Ledger(api)
    goal = refusal(api.call, "GoalService.GetGoal", {"ledger": ledger.id, "goal": new_id()})
    equal((goal.code, goal.reason), ("NOT_FOUND", "GOAL_UNKNOWN"))
    unknown = refusal(api.call, "LedgerService.GetLedger", {"ledger": "no-such-ledger"})
    equal((unknown.code, unknown.reason), ("NOT_FOUND", "LEDGER_UNKNOWN"))
    beyond = refusal(api.read, "LedgerService.ReadEvents", {"ledger": ledger.id, "fromPosition": 1000})
    equal((beyond.code, beyond.reason), ("OUT_OF_RANGE", "POSITION_OUT_OF_RANGE"))
    equal(beyond.info.metadata["size"], "8")


def a_caller_names_itself(api):
    ledger = Ledger(api)
    missing = ledger.refused(ledger.request(ledger.walks("1")), actor=None)
    equal((missing.code, missing.reason), ("UNAUTHENTICATED", "ACTOR_MISSING"))
    forged = ledger.refused(ledger.request(ledger.walks("1")), actor="一行目\n二行目")
    equal((forged.code, forged.reason), ("UNAUTHENTICATED", "ACTOR_INVALID"))


def a_page_token_is_good_for_its_own_list_only(api):
    ledger = Ledger(api)
    first = api.call("AuditService.ListChanges", {"ledger": ledger.id, "pageSize": 3})
    equal(len(first.changes), 3)
    rest = api.call("AuditService.ListChanges", {"ledger": ledger.id, "pageSize": 3, "pageToken": first.next_page_token})
    positions = [change.position for change in [*first.changes, *rest.changes]]
    equal(positions, [7, 6, 5, 4, 3, 2])
    for request in (
        {"pageToken": "AAAA"},
        {"pageToken": first.next_page_token, "flaggedOnly": True},
    ):
        refused = refusal(api.call, "AuditService.ListChanges", {"ledger": ledger.id, "pageSize": 3, **request})
        equal((refused.code, refused.reason), ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"))


TESTS = (
    reflection_names_the_services,
    health_says_serving,
    a_ledger_says_what_it_is,
    one_request_builds_a_plan,
    a_write_says_before_and_after,
    a_retry_gives_the_first_receipt,
    opening_again_gives_the_same_ledger,
    known_ids_with_other_content_are_refused,
    a_check_keeps_nothing,
    what_became_of_a_call_can_be_asked,
    stored_leaves_hash_to_the_root,
    decoded_events_carry_who_when_and_where,
    a_follower_misses_nothing_and_sees_nothing_twice,
    a_follower_may_ask_for_some_types_only,
    many_appends_are_in_flight_and_answered_in_order,
    a_client_reads_its_writes,
    a_revised_target_says_who_and_why,
    everything_wrong_is_told_at_once,
    people_are_told_in_their_language,
    a_broken_rule_is_a_failed_precondition,
    the_second_of_two_is_told,
    what_does_not_exist_is_not_found,
    a_caller_names_itself,
    a_page_token_is_good_for_its_own_list_only,
)


def stops_when_asked(server):
    equal(server.stop(), 0)


# With a server of their own.


def a_receipt_outlives_the_server(binary):
    with tempfile.TemporaryDirectory() as folder:
        with Server(binary, folder) as server:
            api = Api(server.address)
            ledger = Ledger(api)
            request = ledger.request(ledger.walks("3"))
            first = ledger.append(request)
            head = ledger.head()
            follower = api.stream("LedgerService.SubscribeEvents", {"ledger": ledger.id, "fromPosition": head.size})
            equal(next(follower).WhichOneof("frame"), "caught_up")
            server.process.send_signal(signal.SIGTERM)
            equal(next(follower).WhichOneof("frame"), "closing")
            api.close()
            equal(server.process.wait(STOP_SECONDS), 0)

        with Server(binary, folder) as server:
            ledger.api = api = Api(server.address)
            equal(ledger.head(), head)
            again = ledger.append(request)
            assert again.replayed
            equal(again.receipt, first.receipt)
            api.close()
            equal(server.stop(), 0)


def other_machines_cannot_be_let_in(binary):
    with tempfile.TemporaryDirectory() as folder:
        refused = subprocess.run(
            [binary, "serve", "--data", folder, "--listen", "0.0.0.0:0"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        equal(refused.returncode, 2)
        assert "--listen" in refused.stderr and "not authenticated" in refused.stderr, refused.stderr
        equal(os.listdir(folder), [])


WITH_OWN_SERVER = (a_receipt_outlives_the_server, other_machines_cannot_be_let_in)


def describe(error):
    return "".join(traceback.format_exception(error, chain=False))


def main():
    binary = os.path.abspath(os.environ["DAICHO_BINARY"])
    chosen = sys.argv[1:]
    passed = failed = 0

    def run(test, argument):
        nonlocal passed, failed
        if chosen and test.__name__ not in chosen:
            return
        try:
            test(argument)
        except Exception as error:
            failed += 1
            print(f"FAILED {test.__name__}\n{describe(error)}", flush=True)
        else:
            passed += 1
            print(f"ok     {test.__name__}", flush=True)

    with tempfile.TemporaryDirectory() as folder, Server(binary, folder) as server:
        api = Api(server.address)
        for test in TESTS:
            run(test, api)
        api.close()
        run(stops_when_asked, server)
    for test in WITH_OWN_SERVER:
        run(test, binary)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
