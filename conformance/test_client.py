"""A public client of the Cortex API (cortex-xdr-client) does its work here, both generations of it, with both
kinds of keys; and calls as other public clients were seen to make them, field by field."""

import json
import time
import unittest

import harness
import requests
from cortex_xdr_client.api.authentication import Authentication, AuthenticationType
from cortex_xdr_client.api.models.alerts import AlertSeverity
from cortex_xdr_client.api.models.incidents import IncidentStatus
from cortex_xdr_client.api.version import APIVersion
from cortex_xdr_client.client import CortexXDRClient
from harness import Key, own, wait_for

REAL = requests.request


def here(method, url, **arguments):
    """The client goes to https://api-tenant; the tenant is here."""
    assert url.startswith("https://api-tenant.example/"), url
    return REAL(method, url.replace("https://api-tenant.example", harness.URL), **arguments)


def client(kind, version, role="analyst"):
    key = Key(kind, role)
    how = AuthenticationType.STANDARD if kind == "standard" else AuthenticationType.ADVANCED
    return CortexXDRClient(Authentication(key.secret, key.id, how), "tenant.example", api_version=version)


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        requests.request = here
        raised = lambda: Key().call("alerts/get_alerts_multi_events")[1]["reply"]["alerts"]
        wait_for(raised)
        cls.old, cls.new = client("advanced", APIVersion.V3), client("standard", APIVersion.V5)

    @classmethod
    def tearDownClass(cls):
        requests.request = REAL

    def test_alerts_with_every_filter(self):
        alerts = self.old.alerts_api
        everything = alerts.get_alerts()
        self.assertGreater(everything.reply.total_count, 0)
        one = everything.reply.alerts[0]
        for named in (
            {"alert_id_list": [int(one.alert_id)]},
            {"external_id_list": [one.external_id]},
            {"alert_source_list": [one.source]},
            {"creation_time": 0, "after_creation": True},
            {"server_creation_time": int(time.time() * 1000)},
            {"severities": list(AlertSeverity)},
            {"search_from": 0, "search_to": 1, "sort": {"field": "creation_time", "keyword": "desc"}},
        ):
            with self.subTest(str(named)):
                self.assertGreater(alerts.get_alerts(**named).reply.result_count, 0)
        self.assertEqual(alerts.get_alerts(creation_time=1).reply.result_count, 0)
        self.assertIn("reply", alerts.get_alerts_request(filters=[], search_from=0, search_to=5))
        self.assertIn("reply", alerts.get_alerts_multi_events(filters=[]))

    def test_alerts_are_worked_on(self):
        alerts = self.old.alerts_api
        number = alerts.get_alerts().reply.alerts[0].alert_id
        changed = alerts.update_alerts(alert_id_list=[str(number)], update_data={"severity": "low", "status": "under_investigation"})
        self.assertTrue(changed["reply"], changed)

    def test_incidents(self):
        incidents = self.old.incidents_api
        everything = incidents.get_incidents().reply
        self.assertGreater(everything.total_count, 0)
        one = everything.incidents[0]
        for named in (
            {"incident_id_list": [str(one.incident_id)]},
            {"creation_time": 0, "after_creation": True},
            {"modification_time": 0, "after_modification": True},
            {"status": IncidentStatus.NEW},
            {"status": IncidentStatus.RESOLVED_KNOWN_ISSUE, "status_equal": False},
            {"alert_sources": ["XDR Agent", "XDR Analytics", "Correlation"]},
            {"description": "zzz", "description_contains": True},
            {"sort": {"field": "creation_time", "keyword": "asc"}, "search_from": 0, "search_to": 100},
        ):
            with self.subTest(str(named)):
                incidents.get_incidents(**named)
        extra = incidents.get_incident_extra_data(str(one.incident_id))
        self.assertGreater(len(extra.reply.alerts.data), 0)
        done = incidents.update_incident(incident_id=str(one.incident_id), update_data={"manual_severity": "high", "resolve_comment": "x"})
        self.assertTrue(done["reply"], done)

    def test_queries_and_their_streams(self):
        for one in (self.old, self.new):
            xql = one.xql_api
            number = xql.start_xql_query("dataset = xdr_data | limit 3", time_period=365 * 24 * 3600 * 1000)
            found = wait_for(lambda: results(xql, number))
            self.assertEqual(len(found["data"]), 3)
            number = xql.start_xql_query(MANY, from_date=0, to_date=int(time.time() * 1000))
            found = wait_for(lambda: results(xql, number))
            self.assertGreater(len(found["data"]), 1000, "as a stream")
        self.assertIn("reply", self.new.xql_api.get_datasets())

    def test_hosts_and_logs(self):
        for one in (self.old, self.new):
            self.assertIsNotNone(one.endpoints_api.get_all_endpoints())
            self.assertIsNotNone(one.endpoints_api.get_endpoint(hostname=["x"], ip_list=["10.0.0.1"], search_from=0, search_to=100))
            for call in (client("advanced", APIVersion.V3, "administrator").audits_api.management_logs, one.audits_api.agents_reports):
                logs = call(filters=[{"field": "timestamp", "operator": "gte", "value": 0}], search_from=0, search_to=10)
                self.assertIn("data", logs["reply"], logs)

    def test_cases_and_issues(self):
        cases = self.new.cases_api.get_cases(search_from=0, search_to=10)
        self.assertIsNotNone(cases)
        issues = self.new.issues_api.get_issues(search_from=0, search_to=10)
        self.assertIsNotNone(issues)
        number = Key().call("case/search")[1]["reply"]["DATA"][0]["case_id"]
        self.new.cases_api.update_case(number, {"status_progress": "In Progress"})
        self.assertIsInstance(self.new.cases_api.get_case_artifacts(number), list)
        issue = Key().call("issue/search")[1]["reply"]["DATA"][0]["id"]
        self.new.issues_api.update_issue(issue, {"severity": "low"})

    def test_rules(self):
        rule = {
            "name": "Of a client", "severity": "SEV_020_LOW", "xql_query": "dataset = xdr_data | comp count() as n by source_ip",
            "is_enabled": True, "description": "x", "alert_name": "y", "alert_category": "DISCOVERY", "execution_mode": "SCHEDULED",
            "search_window": "1 hours", "simple_schedule": "10 minutes", "timezone": "UTC", "crontab": "*/10 * * * *",
            "suppression_enabled": False, "suppression_duration": None, "suppression_fields": None, "dataset": "alerts",
            "mitre_defs": {}, "alert_fields": {}, "action": "ALERTS", "lookup_mapping": [], "rule_id": 0,
        }
        rules = self.new.correlations_api
        made = rules.insert(request_data=[rule])
        number = made["added_objects"][0]["id"]
        named = [{"field": "rule_id", "operator": "eq", "value": number}]
        self.assertEqual(rules.delete(filters=named)["objects"], [number])


MANY = "dataset = xdr_data | alter n = arraycreate(%s) | arrayexpand n" % ",".join(f'"{n}"' for n in range(40))


def results(xql, number):
    from cortex_xdr_client.api.models.exceptions import UnsuccessfulQueryStatusException

    try:
        return xql.get_query_results(number)
    except UnsuccessfulQueryStatusException as error:
        if "PENDING" in str(error):
            return None
        raise


class AsSeenElsewhere(unittest.TestCase):
    """What scripts, SOAR platforms and collectors send; each was seen in public code."""

    def test_one_signature_for_a_whole_run(self):
        key = Key(role="viewer")
        headers = key.headers()
        first = {"search_from": 0, "search_to": 100, "sort": {"field": "creation_time", "keyword": "asc"}}
        for _ in range(3):
            for path in ("alerts/get_alerts_multi_events/", "incidents/get_incidents/"):
                status, answer = key.call(path, first, headers)
                self.assertEqual(status, 200, answer)

    def test_odd_but_valid_requests(self):
        key = Key()
        for path, data in (
            ("alerts/get_alerts_multi_events", {"filters": [{"field": "severity", "operator": "in", "value": ["critical", "high"]}], "search_to": 100}),
            ("alerts/get_alerts_multi_events", {"filters": None, "sort": None, "search_from": None, "search_to": None}),
            ("alerts/get_alerts_multi_events", {"alert_id": "1", "filter_alert_fields": False}),
            ("incidents/get_incidents", {"filters": [{"field": "creation_time", "operator": "gte", "value": "1700000000000"}], "sort": {"field": "modification_time", "keyword": "DESC"}}),
            ("incidents/get_incidents", {"filters": [{"field": "starred", "operator": "eq", "value": True}]}),
            ("incidents/get_incidents", {"filters": [{"field": "status", "operator": "in", "value": ["new", "under_investigation"]}]}),
            ("endpoints/get_endpoint", {"search_from": 0, "search_to": 100, "sort": {"field": "endpoint_id", "keyword": "ASC"}, "filters": [{"field": "hostname", "operator": "in", "value": ["x"]}]}),
            ("endpoints/get_endpoint", {"filters": [{"field": "endpoint_status", "operator": "IN", "value": ["connected"]}]}),
            ("endpoints/get_endpoint", {"search_from": 0, "search_to": 30, "filters": [
                {"field": "endpoint_status", "operator": "in", "value": ["connected"]}, {"field": "username", "operator": "in", "value": ["ada"]},
                {"field": "endpoint_id_list", "operator": "in", "value": ["x"]}, {"field": "dist_name", "operator": "in", "value": ["x"]},
                {"field": "ip_list", "operator": "in", "value": ["10.0.0.1"]}, {"field": "public_ip_list", "operator": "in", "value": ["10.0.0.1"]},
                {"field": "group_name", "operator": "in", "value": ["x"]}, {"field": "platform", "operator": "in", "value": ["linux"]},
                {"field": "alias", "operator": "in", "value": ["x"]}, {"field": "isolate", "operator": "in", "value": ["unisolated"]},
                {"field": "hostname", "operator": "in", "value": ["x"]}, {"field": "first_seen", "operator": "gte", "value": 0},
                {"field": "last_seen", "operator": "lte", "value": 4102444800000}], "sort": {"field": "last_seen", "keyword": "DESC"}}),
            ("incidents/get_multiple_incidents_extra_data/", {"fields_to_exclude": ["network_artifacts", "file_artifacts"]}),
            ("incidents/get_multiple_incidents_extra_data/", {"filters": [{"field": "incident_id_list", "operator": "in", "value": ["1"]}, {"field": "status", "operator": "eq", "value": "new"}, {"field": "starred", "operator": "eq", "value": True}]}),
            ("incidents/get_incident_extra_data/", {"incident_id": 1, "alerts_limit": 50}),
            ("incidents/update_incident/", {"incident_id": "1", "update_data": {"assigned_user_mail": "none", "comment": {"comment_action": "add", "value": "x"}}}),
            ("alerts/get_correlation_alert_data/", {"alert_id": 1}),
            ("alerts/get_original_alerts/", {"alert_id_list": ["1"]}),
            ("alerts/update_alerts", {"alert_id_list": "1", "update_data": {"severity": "high", "status": "new", "comment": "x"}}),
            ("alerts/get_alerts_by_filter_data/", {"filter_data": {"sort": [{"FIELD": "source_insert_ts", "ORDER": "DESC"}], "paging": {"from": 0, "to": 50}, "filter": {"AND": [
                {"OR": [{"SEARCH_FIELD": "severity", "SEARCH_TYPE": "EQ", "SEARCH_VALUE": "SEV_040_HIGH"}, {"SEARCH_FIELD": "alert_name", "SEARCH_TYPE": "CONTAINS", "SEARCH_VALUE": "scan"}]},
                {"SEARCH_FIELD": "source_insert_ts", "SEARCH_TYPE": "RELATIVE_TIMESTAMP", "SEARCH_VALUE": "259200000"}]}}}),
            ("case/search", {"filters": [{"field": "case_id", "operator": "in", "value": [1]}, {"field": "case_domain", "operator": "in", "value": ["SECURITY"]}]}),
            ("case/search", {"filters": [{"field": "severity", "operator": "in", "value": ["HIGH"]}, {"field": "last_update_timestamp", "operator": "gte", "value": 0}, {"field": "assigned_user_mail", "operator": "in", "value": ["x"]}]}),
            ("issue/search", {"filters": [{"field": "issue_domain", "operator": "in", "value": ["SECURITY"]}, {"field": "status.progress", "operator": "in", "value": ["New"]}, {"field": "name", "operator": "contains", "value": "scan"}]}),
            ("audits/agents_reports", {"filters": [{"field": "category", "operator": "in", "value": ["status"]}, {"field": "domain", "operator": "in", "value": [""]}], "search_to": 99}),
            ("xql/get_quota", {}),
            ("xql/get_datasets/", {}),
            ("healthcheck", {}),
        ):
            with self.subTest(f"{path} {data}"):
                if path == "healthcheck":
                    status, _, _ = harness.send("GET", "/public_api/v1/healthcheck", None, key.headers())
                else:
                    status, answer = key.call(path, data)
                self.assertEqual(status, 200)

    def test_issues_of_a_case(self):
        key = Key()
        case = key.call("case/search")[1]["reply"]["DATA"][0]
        of = lambda number: {"filters": [{"field": "case_id", "operator": "eq", "value": number}], "search_from": 0, "search_to": 100}
        found = key.call("issue/search", of(case["case_id"]))[1]["reply"]["DATA"]
        self.assertEqual(sorted(one["id"] for one in found), sorted(case["issue_ids"]))
        self.assertEqual(key.call("issue/search", of(99_999))[1]["reply"]["DATA"], [])
        elsewhere = {"filters": [{"field": "domain", "operator": "in", "value": ["POSTURE"]}]}
        self.assertEqual(key.call("issue/search", elsewhere)[1]["reply"]["DATA"], [])
        status, _ = key.call(f"case/update/{case['case_id']}", {"update_data": {"notes": "[now] a note of a client"}})
        self.assertEqual(status, 204)
        told = json.dumps(own("GET", f"/incidents/{case['case_id']}"))
        self.assertIn("a note of a client", told)

    def test_logs_by_every_field(self):
        key = Key(role="administrator")
        common = [{"field": name, "operator": "in", "value": ["X"]} for name in ("type", "sub_type", "result")]
        common += [{"field": "timestamp", "operator": one, "value": 1} for one in ("gte", "lte")]
        logs = {"audits/management_logs/": ["email"], "audits/agents_reports/": ["endpoint_id", "endpoint_name"]}
        for path, own in logs.items():
            for field in ("type", "timestamp"):
                filters = common + [{"field": name, "operator": "in", "value": ["x"]} for name in own]
                data = {"filters": filters, "search_from": 0, "search_to": 20, "sort": {"field": field, "keyword": "ASC"}}
                status, answer = key.call(path, data)
                self.assertEqual((status, answer.get("reply", {}).get("data")), (200, []), answer)

    def test_odd_queries(self):
        key = Key()
        for data in (
            {"query": "dataset = alerts", "tenants": None, "timeframe": None},
            {"query": "dataset = alerts", "tenants": ["t"], "timeframe": {"relativeTime": "86400000"}},
            {"query": "dataset = alerts", "timeframe": {"from": "0", "to": "4102444800000"}},
        ):
            status, started = key.call("xql/start_xql_query", data)
            self.assertEqual(status, 200, started)
            for wanted in ({"pending_flag": None, "limit": None}, {"pending_flag": "false"}, {"pending_flag": True, "limit": "10", "format": "json"}, {}):
                status, answer = key.call("xql/get_query_results", {"query_id": started["reply"], **wanted})
                self.assertEqual(status, 200, answer)
        status, answer = key.call("xql/start_xql_query", {"query": "dataset = alerts | filtre x"})
        self.assertEqual((status, answer["reply"]["err_code"]), (400, 400), answer)


if __name__ == "__main__":
    unittest.main()
