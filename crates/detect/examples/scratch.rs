#[path = "../tests/captures/mod.rs"]
mod captures;
use vedette_event::*;
fn main() {
    for p in std::env::args().skip(1) {
        let told = captures::told(&captures::events(p.as_ref()), vedette_detect::Config::default());
        println!("{p}");
        for d in captures::final_states(&told) {
            if d.kind == DetectionKind::Scan || std::env::var("ALL").is_ok() {
                let open = told.iter().find(|o| o.id == d.id).unwrap();
                println!(
                    "   {} {:?} {:?} {:?} {:?} {} probes {}/{} score {} src {:?} cand {:?}",
                    d.name,
                    d.scan_types,
                    d.shape,
                    d.attribution,
                    d.severity,
                    d.tool.name,
                    open.probes,
                    d.probes,
                    open.score,
                    d.source_ips.iter().take(4).collect::<Vec<_>>(),
                    d.candidate_ips.iter().take(4).collect::<Vec<_>>()
                );
                if std::env::var("WHY").is_ok() {
                    for r in &d.reasons {
                        println!("      - {r}");
                    }
                }
            }
        }
    }
}
