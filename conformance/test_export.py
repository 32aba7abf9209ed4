"""Exports and streams hold against the published schemas: OCSF 1.8 and the Elastic Common Schema."""

import json
import threading
import unittest
import urllib.request

import ecs
import harness
import jsonschema
from harness import lines, own, wait_for
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

SCHEMA = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))


def mistakes(event):
    """What the schema of an event's class says of it, with the profiles that it names."""
    name = SCHEMA.lookup_class_name_from_uid(class_uid=event["class_uid"])
    schema = SCHEMA.get_class_schema(name, event["metadata"].get("profiles", []))
    check = jsonschema.validators.validator_for(schema)(schema)
    found = [f"{list(error.path)}: {error.message[:200]}" for error in check.iter_errors(event)]
    for field in ("activity", "severity", "status"):
        number, caption = event.get(f"{field}_id"), event.get(f"{field}_name", event.get(field))
        known = CAPTIONS[event["class_uid"]][f"{field}_id"].get(str(number))
        if known != caption:
            found.append(f"{field}: {caption!r} is not the caption of {number} ({known!r})")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append(f"type_uid: {event['type_uid']}")
    return found


def captions(name):
    attributes = get_ocsf_schema(version="1.8.0")["classes"][name]["attributes"]
    of = lambda field: {number: one["caption"] for number, one in attributes[field]["enum"].items()}
    return {field: of(field) for field in ("activity_id", "severity_id", "status_id")}


CAPTIONS = {2004: captions("detection_finding"), 4001: captions("network_activity")}


class Export(unittest.TestCase):
    def test_alerts_are_detection_findings(self):
        found = wait_for(lambda: lines("/export/alerts?format=ocsf"))
        for event in found:
            self.assertEqual(event["class_uid"], 2004)
            self.assertEqual(mistakes(event), [], json.dumps(event)[:2000])

    def test_events_are_network_activities(self):
        found = wait_for(lambda: lines("/export/events?format=ocsf&limit=2000"))
        self.assertGreater(len(found), 50)
        for event in found:
            self.assertEqual(event["class_uid"], 4001)
            self.assertEqual(mistakes(event), [], json.dumps(event)[:2000])

    def test_the_common_schema_has_each_field_and_its_type(self):
        for what in ("alerts", "events"):
            found = wait_for(lambda: lines(f"/export/{what}?format=ecs"))
            for document in found:
                self.assertEqual(ecs.mistakes(document), [], json.dumps(document)[:2000])

    def test_the_stream_follows_and_holds_too(self):
        for form, check in (("ocsf", mistakes), ("ecs", ecs.mistakes)):
            with self.subTest(form):
                heard = listen(f"/export/alerts?format={form}&follow=true&since=2999-01-01T00:00:00Z", 0)
                self.assertEqual(heard, [])
                before = len(lines(f"/export/alerts?format={form}"))
                later = threading.Timer(1.0, raise_alert)
                later.start()
                heard = listen(f"/export/alerts?format={form}&follow=true", before + 1)
                later.join()
                self.assertEqual(len(heard), before + 1)
                self.assertEqual([check(one) for one in heard if check(one)], [])

    def test_the_checks_themselves_find_mistakes(self):
        event = lines("/export/alerts?format=ocsf")[0]
        self.assertNotEqual(mistakes({**event, "severity": "medium"}), [])
        self.assertNotEqual(mistakes({**event, "evidences": [{"src_endpoint": None}]}), [])
        document = lines("/export/alerts?format=ecs")[0]
        self.assertNotEqual(ecs.mistakes({**document, "shoe": {"size": 44}}), [])
        self.assertNotEqual(ecs.mistakes({**document, "source": {"ip": "nowhere"}}), [])


def raise_alert():
    alert = {
        "product": "Conformance", "vendor": "Vedette", "local_ip": "10.0.0.5", "local_port": 22,
        "remote_ip": "203.0.113.77", "remote_port": 40000, "event_timestamp": int(harness.time.time() * 1000),
        "severity": "Medium", "alert_name": f"Raised for a follower {harness.secrets.token_hex(4)}",
        "alert_description": "by a test",
    }
    status, answer = harness.Key(role="administrator").call("alerts/insert_parsed_alerts", {"alerts": [alert]})
    assert status == 200, answer


def listen(path, count):
    """The first lines of a stream; none of it when nothing comes for two seconds."""
    request = urllib.request.Request(harness.URL + "/api/v1" + path)
    request.add_header("Authorization", f"Bearer {harness.LOCAL['token']}")
    heard = []
    with urllib.request.urlopen(request, timeout=2 if count == 0 else 20) as answer:
        try:
            while count == 0 or len(heard) < count:
                heard.append(json.loads(answer.readline()))
        except TimeoutError:
            pass
    return heard


if __name__ == "__main__":
    unittest.main()
