#!/usr/bin/env python3
"""The same queries over the same rows by Vedette, DuckDB, Polars and ClickHouse (chdb): medians of paired
rounds, two threads each, every run in a process of its own.

    compare.py FOLDER [--rounds 3] [--probe NAME]... [--engine NAME]...

FOLDER is made by `query_speed make FOLDER ROWS`. Engines whose Python package is missing are left out and said
so: pip install duckdb polars chdb deltalake. Prints a table; a result whose number of rows
(of a single row: whose numbers) differs from most others' is marked with `!`."""
import argparse, importlib.util, json, os, re, resource, statistics, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUERIES = HERE / "peers"
PROBES = ["headline", "headline_exact", "filter", "incidr", "contains", "regex", "newest", "distinct", "groups", "values"]
ENGINES = {"vedette": None, "duckdb": "duckdb", "polars": "polars", "clickhouse": "chdb"}
RUNS = 4


def files(folder):
    """The rows of the newest version of the table as Parquet files without the note that their words are a
    dictionary, which Polars would read as categories of its own; same compression and row groups. Made once."""
    import deltalake, pyarrow.parquet
    table = next(log.parent for log in Path(folder).rglob("_delta_log"))
    live = [Path(re.sub("^file://", "", name)) for name in deltalake.DeltaTable(str(table)).file_uris()]
    copies = Path(folder) / "for-others"
    copies.mkdir(exist_ok=True)
    for stale in {copy.name for copy in copies.iterdir()} - {name.name for name in live}:
        (copies / stale).unlink()
    for name in live:
        copy = copies / name.name
        if not copy.exists():
            rows = pyarrow.parquet.read_table(name)
            rows = rows.select([column for column in rows.column_names if not column.startswith("__")])
            pyarrow.parquet.write_table(rows, copy, compression="zstd", row_group_size=250_000, store_schema=False)
    return sorted(str(copy) for copy in copies.iterdir())


def sql(probe, dialect):
    text = (QUERIES / f"{probe.removesuffix('_exact')}.{dialect}.sql").read_text()
    # fold() is the engine's lower(); the exact headline compares as it is written.
    return re.sub(r"\bfold\(", "(" if probe.endswith("_exact") else "lower(", text)


def answer(rows, first):
    """What results are compared by."""
    return f"{rows} rows" if rows != 1 else " ".join(str(int(value)) for value in first())


def duckdb(probe, names):
    import duckdb
    base = duckdb.connect()
    base.execute("SET threads = 2")
    base.execute("SET preserve_insertion_order = false")
    base.execute(f"CREATE VIEW threats AS SELECT * FROM read_parquet({names!r})")
    def run():
        result = base.execute(sql(probe, "duckdb")).to_arrow_table()
        return answer(result.num_rows, lambda: result.to_pylist()[0].values())
    return run


def clickhouse(probe, names):
    import pyarrow
    from chdb import session
    base = session.Session()
    pattern = f"{Path(names[0]).parent}/*.parquet"
    base.query(f"CREATE DATABASE b; CREATE VIEW b.threats AS SELECT * FROM file('{pattern}', Parquet)")
    text = f"USE b; SET max_threads = 2; {sql(probe, 'clickhouse')}"
    def run():
        result = base.query(f"{text.rstrip()} FORMAT Arrow", "Arrow")
        table = pyarrow.ipc.open_file(result.bytes()).read_all()
        return answer(table.num_rows, lambda: table.to_pylist()[0].values())
    return run


def polars(probe, names):
    os.environ["POLARS_MAX_THREADS"] = "2"
    sys.path.insert(0, str(QUERIES))
    import polars
    from polars_queries import query
    def run():
        result = query(probe, polars.scan_parquet(names)).collect(engine="streaming")
        return answer(result.height, lambda: result.row(0))
    return run


def one(engine, probe, names):
    """Runs the probe once cold and then warm, in this process, and prints what it took."""
    run = {"duckdb": duckdb, "clickhouse": clickhouse, "polars": polars}[engine](probe, names)
    seconds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        said = run()
        seconds.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "answer": said, "peak_kb": peak}))


def measured(engine, probe, folder, listed):
    if engine == "vedette":
        text = (HERE / "headline.xql" if probe.startswith("headline") else QUERIES / f"{probe}.xql").read_text()
        if probe.endswith("_exact"):
            text = "config case_sensitive = true\n| " + re.sub(r"^//.*\n", "", text, flags=re.M)
        with tempfile.NamedTemporaryFile("w", suffix=".xql") as file:
            file.write(text)
            file.flush()
            program = HERE.parent / "target/release/examples/query_speed"
            command = [os.environ.get("QUERY_SPEED", str(program)), "json", folder, file.name]
            done = subprocess.run(command, capture_output=True, text=True)
    else:
        done = subprocess.run([sys.executable, __file__, "--one", engine, probe, *listed], capture_output=True, text=True)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    run = json.loads(done.stdout.strip().splitlines()[-1])
    if engine == "vedette":
        run["answer"] = answer(run["rows"], lambda: re.findall(r"\d+", run["first"]))
    return run


def heading(engines):
    print("| probe | " + " | ".join([f"{engine} s" for engine in engines] + [f"{engine} MB" for engine in engines]) + " |")
    print("|---|" + "---|" * 2 * len(engines))


def row(probe, by_engine):
    """One line of the table: median seconds of the warm runs, highest peak of memory."""
    answers = [run["answer"] for runs in by_engine.values() for run in runs if "answer" in run]
    usual = statistics.mode(answers) if answers else ""
    seconds, peaks = [], []
    for engine, runs in by_engine.items():
        good = [run for run in runs if "answer" in run]
        if not good:
            print(f"{probe} by {engine}: {runs[0]['failed']}", file=sys.stderr)
        warm = [statistics.median(run["seconds"][1:]) for run in good]
        mark = "!" if any(run["answer"] != usual for run in good) else ""
        seconds.append(f"{statistics.median(warm):.3f}{mark}" if good else "failed")
        peaks.append(f"{max(run['peak_kb'] for run in good) // 1000}" if good else "")
    print(f"| {probe} | " + " | ".join(seconds + peaks) + " |", flush=True)


def main():
    if sys.argv[1:2] == ["--one"]:
        return one(sys.argv[2], sys.argv[3], sys.argv[4:])
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--probe", action="append", choices=PROBES)
    options.add_argument("--engine", action="append", choices=ENGINES)
    options = options.parse_args()
    engines = []
    for engine in options.engine or ENGINES:
        package = ENGINES[engine]
        if package and not (importlib.util.find_spec(package) and importlib.util.find_spec("deltalake")):
            print(f"{engine} is left out: pip install {package} deltalake", file=sys.stderr)
        else:
            engines.append(engine)
    listed = files(options.folder) if engines != ["vedette"] else []
    heading(engines)
    for probe in options.probe or PROBES:
        by_engine = {engine: [] for engine in engines}
        for _ in range(options.rounds):
            for engine in engines:
                by_engine[engine].append(measured(engine, probe, options.folder, listed))
        row(probe, by_engine)


if __name__ == "__main__":
    main()
