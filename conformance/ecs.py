"""Fields of the Elastic Common Schema 9 that Vedette's exports may have, with their types: facts of the
published field list (elastic.co/guide/en/ecs), written down here because no package carries it."""

import ipaddress
import re

TYPES = {
    "@timestamp": "date", "message": "keyword", "ecs.version": "keyword",
    "event.kind": "keyword", "event.category": "list", "event.type": "list", "event.module": "keyword",
    "event.dataset": "keyword", "event.provider": "keyword", "event.id": "keyword", "event.created": "date",
    "event.start": "date", "event.end": "date", "event.severity": "long", "event.action": "keyword",
    "event.reason": "keyword", "event.outcome": "keyword",
    "rule.name": "keyword", "rule.category": "keyword", "rule.id": "keyword",
    "observer.vendor": "keyword", "observer.product": "keyword", "observer.version": "keyword",
    "source.ip": "ip", "source.address": "keyword", "source.port": "long", "source.mac": "mac",
    "source.bytes": "long", "source.packets": "long",
    "destination.ip": "ip", "destination.address": "keyword", "destination.port": "long",
    "destination.bytes": "long", "destination.packets": "long",
    "related.ip": "ips", "related.hosts": "list", "related.user": "list",
    "threat.framework": "keyword", "threat.tactic.id": "list", "threat.technique.id": "list",
    "network.transport": "keyword", "network.iana_number": "keyword", "network.type": "keyword",
    "network.direction": "keyword", "host.id": "keyword", "host.name": "keyword",
    "labels.status": "keyword", "labels.severity": "keyword",
}
ALLOWED = {
    "event.kind": {"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"},
    "event.outcome": {"success", "failure", "unknown"},
    "network.direction": {"ingress", "egress", "inbound", "outbound", "internal", "external", "unknown"},
    "event.category": {"network", "intrusion_detection"},
    "event.type": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "network.type": {"ipv4", "ipv6"},
}
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
MAC = re.compile(r"^[0-9A-F]{2}(-[0-9A-F]{2}){5}$")


def is_ip(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def words(value):
    return isinstance(value, list) and value != [] and all(isinstance(one, str) for one in value)


FITS = {
    "keyword": lambda value: isinstance(value, str),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and DATE.match(value),
    "ip": lambda value: isinstance(value, str) and is_ip(value),
    "ips": lambda value: words(value) and all(is_ip(one) for one in value),
    "list": words,
    "mac": lambda value: isinstance(value, str) and MAC.match(value),
}


def mistakes(document):
    """What of a document is not as the schema wants it."""
    found = []
    for path, value in leaves(document, ""):
        kind = TYPES.get(path)
        if kind is None:
            found.append(f"{path}: no such field")
        elif not FITS[kind](value):
            found.append(f"{path}: {value!r} is no {kind}")
        elif path in ALLOWED and not set(value if isinstance(value, list) else [value]) <= ALLOWED[path]:
            found.append(f"{path}: {value!r} is not allowed")
    for needed in ("@timestamp", "ecs", "event"):
        if needed not in document:
            found.append(f"{needed}: it is missing")
    return found


def leaves(value, path):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value
