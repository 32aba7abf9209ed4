"""The probes for Polars; `fold` lowers the case of a column, or leaves it for the case-sensitive headline."""
import polars as pl
from polars import col, lit, when

SCANS = ["SCAN: TCP Port Scan", "SCAN: UDP Port Scan", "SCAN: Host Sweep", "SCAN: Nmap OS Detection",
         "SCAN: Nmap Script Scan", "SCAN: TCP SYN Scan", "SCAN: TCP Connect Scan",
         "Masscan Port Scanning Tool Detection", "Port Scan", "Network Scan"]


def inside(name):
    text = col(name).str
    private = text.starts_with("10.") | text.starts_with("192.168.") | text.contains(r"^172\.(1[6-9]|2[0-9]|3[01])\.")
    return when(private).then(lit("inside")).otherwise(lit("outside"))


def choose(pairs, other):
    made = when(pairs[0][0]).then(lit(pairs[0][1]))
    for condition, value in pairs[1:]:
        made = made.when(condition).then(lit(value))
    return made.otherwise(other)


def headline(rows, fold, lowered):
    word = str.lower if lowered else str
    action, severity, threat = fold(col("action")), fold(col("severity")), fold(col("threat_name"))
    has = lambda column, part: column.str.contains(part, literal=True)
    one = lambda condition: condition.cast(pl.Int64).sum()
    port = col("dest_port")
    distinct = lambda name: col(name).drop_nulls().n_unique()
    values = lambda name: col(name).drop_nulls().unique()
    grades = [(severity == name, f"{at} {name}") for at, name in enumerate(["critical", "high", "medium", "low"], 1)]
    return (
        rows.filter((fold(col("log_type")) == "threat") & threat.is_in([word(name) for name in SCANS]))
        .with_columns(source_side=inside("source_ip"), target_side=inside("dest_ip"))
        .filter((col("source_side") == "inside") | (col("target_side") == "inside"))
        .with_columns(
            direction=pl.concat_str(["source_side", lit(" to "), "target_side"]),
            grade=choose(grades, lit("5 other")),
            tool=choose([(has(threat, name), name) for name in ["masscan", "nmap", "tcp", "udp"]], lit("other")),
            verdict=choose([(action == "drop", "dropped"), (action == "deny", "denied"), (action == "allow", "allowed"),
                            (has(action, "reset"), "reset")], col("action")),
        )
        .group_by("source_ip")
        .agg(
            detections=pl.len(), targets=distinct("dest_ip"), ports=distinct("dest_port"),
            signatures=distinct("threat_name"), sessions=distinct("session_id"),
            first_seen=col("_time").min(), last_seen=col("_time").max(),
            allowed=one(action.is_in(["allow", "alert"])), blocked=one(action.is_in(["drop", "deny"])),
            reset=one(has(action, "reset")),
            critical=one(severity == "critical"), high=one(severity == "high"), medium=one(severity == "medium"),
            low=one(severity == "low"),
            system_ports=one(port.is_between(1, 1024)), admin_ports=one(port.is_in([22, 23, 135, 445, 1433, 3389, 5432])),
            web_ports=one(port.is_in([80, 443, 8080, 8443])),
            database_ports=one(port.is_in([1433, 1521, 3306, 5432, 27017])),
            days=col("_time").dt.date().n_unique(), hours=col("_time").dt.hour().n_unique(),
            source_countries=distinct("source_location"), target_countries=distinct("dest_location"),
            directions=values("direction"), grades=values("grade"), tools=values("tool"), verdicts=values("verdict"),
            names=values("threat_name"), hosts=values("dest_ip"), port_list=values("dest_port"),
            source_zones=values("from_zone"), target_zones=values("to_zone"), rules=values("rule_matched"),
            source_places=values("source_location"), target_places=values("dest_location"),
            lowest=port.min(), highest=port.max(),
        )
        .with_columns(
            minutes=((col("last_seen") - col("first_seen")).dt.total_seconds() / 60).round(),
            span=col("highest") - col("lowest"),
            risk=choose([((col("allowed") > 50) & (col("admin_ports") > 20), 100), ((col("critical") > 0) & (col("targets") > 10), 95),
                         (col("detections") > 500, 90), ((col("targets") > 20) & (col("ports") > 50), 85),
                         ((col("detections") > 100) & (col("ports") > 20), 65)], lit(45)),
            summary=pl.format("{} detections, {} targets, {} ports", "detections", "targets", "ports"),
            frame=pl.concat_str([col("first_seen").dt.strftime("%Y-%m-%d %H:%M:%S"), lit(" to "),
                                 col("last_seen").dt.strftime("%Y-%m-%d %H:%M:%S")]),
        )
        .with_columns(a_minute=when(col("minutes") > 0).then((col("detections") / col("minutes")).round())
                      .otherwise(col("detections")))
        .sort("risk", "allowed", "detections", descending=True)
    )


def query(name, rows):
    lower = lambda column: column.str.to_lowercase()
    count = lambda condition: rows.filter(condition).select(rows=pl.len())
    match name:
        case "headline":
            return headline(rows, lower, True)
        case "headline_exact":
            return headline(rows, lambda column: column, False)
        case "filter":
            return count((lower(col("severity")) == "critical") & (lower(col("action")) == "allow"))
        case "incidr":
            starts = lambda name, *parts: pl.any_horizontal(col(name).str.starts_with(part) for part in parts)
            return count(starts("dest_ip", "10.20.", "10.21.") | starts("source_ip", "198.18.", "198.19."))
        case "contains":
            return count(lower(col("threat_name")).str.contains("number 7", literal=True))
        case "regex":
            return count(col("file_name").str.contains(r"/(admin|login)/part[0-4]\.php\?id=\d+7$"))
        case "newest":
            return rows.sort("_time", descending=True).head(100)
        case "distinct":
            return rows.group_by("source_ip").agg(targets=col("dest_ip").drop_nulls().n_unique())
        case "groups":
            return rows.group_by("dest_ip", "dest_port").agg(hits=pl.len()).filter(col("hits") > 100)
        case "values":
            made = rows.group_by("source_ip").agg(hosts=col("dest_ip").unique(), ports=col("dest_port").unique())
            return made.select(hosts=col("hosts").list.len().sum(), ports=col("ports").list.len().sum())
    raise SystemExit(f"no probe named {name}")
