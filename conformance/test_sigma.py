"""Queries that pySigma's back end for Cortex XDR makes of Sigma rules are read, checked and run here."""

import glob
import json
import os
import unittest

from harness import Key, own
from sigma.backends.cortexxdr import CortexXDRBackend
from sigma.collection import SigmaCollection

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = sorted(glob.glob(os.path.join(HERE, "sigma", "*.yml")))


def queries(text, form="default"):
    return CortexXDRBackend().convert(SigmaCollection.from_yaml(text), output_format=form)


class Sigma(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key = Key(role="viewer")

    def test_every_query_runs(self):
        self.assertGreaterEqual(len(RULES), 9)
        for path in RULES:
            with self.subTest(os.path.basename(path)):
                with open(path, encoding="utf-8") as file:
                    (query,) = queries(file.read())
                checked = own("POST", "/query/check", {"query": query})
                wrong = [one for one in checked["diagnostics"] if one["severity"] == "error"]
                self.assertEqual(wrong, [], query)
                reply = self.key.query(query)
                self.assertEqual(reply["status"], "SUCCESS", f"{query}\n{reply}")

    def test_a_rule_finds_what_it_describes(self):
        rows = self.key.query("dataset = xdr_data | filter action_local_ip != null | fields action_local_ip, action_remote_port")
        ip = rows["results"]["data"][0]["action_local_ip"]
        rule = """
title: Whatever that host does
status: test
logsource: {category: network_connection, product: linux}
detection:
  host: {SourceIp: '%s'}
  other: {SourceIp|cidr: 203.0.113.77/32}
  condition: host and not other
"""
        (query,) = queries(rule % ip)
        self.assertGreater(self.key.query(query)["number_of_results"], 0, query)
        (query,) = queries((rule % ip).replace("host and not other", "host and other"))
        self.assertEqual(self.key.query(query)["number_of_results"], 0, query)

    def test_its_other_output_runs_too(self):
        for path in RULES:
            with open(path, encoding="utf-8") as file:
                made = queries(file.read(), "json")
            for one in made["queries"]:
                self.assertEqual(self.key.query(one["query"])["status"], "SUCCESS", one)

    def test_correlations_are_imported_and_run(self):
        base = """
title: Refused attempts
name: refused_attempts
status: test
logsource: {category: network_connection}
detection:
  sel: {outcome: refused}
  condition: sel
---
"""
        kinds = {
            "event_count": "type: event_count\n  rules: [refused_attempts]\n  group-by: [source_ip]\n  timespan: 7d\n  condition: {gte: 3}",
            "value_count": "type: value_count\n  rules: [refused_attempts]\n  group-by: [source_ip]\n  timespan: 7d\n  condition: {gte: 3, field: target_port}",
            "temporal": "type: temporal\n  rules: [refused_attempts, other_attempts]\n  group-by: [source_ip]\n  timespan: 7d",
        }
        other = base.replace("refused_attempts", "other_attempts").replace("Refused attempts", "Other attempts")
        for kind, text in kinds.items():
            with self.subTest(kind):
                document = base + (other if kind == "temporal" else "")
                document += f"title: Many of {kind}\nstatus: test\nlevel: low\ncorrelation:\n  {text}\n"
                status, answer = import_rules(document)
                self.assertEqual(status, 200, answer)
                self.assertEqual(len(answer["imported"]), 1, answer)
                rule = own("GET", f"/rules/{answer['imported'][0]['id']}")
                reply = self.key.query(rule["rule"]["query"])
                self.assertEqual(reply["status"], "SUCCESS", f"{rule['rule']['query']}\n{reply}")
                self.assertGreater(reply["number_of_results"], 0, rule["rule"]["query"])
                own("DELETE", f"/rules/{rule['id']}")


def import_rules(document):
    from harness import send

    status, _, text = send("POST", "/api/v1/rules/import", {"sigma": document})
    return status, json.loads(text)


if __name__ == "__main__":
    unittest.main()
