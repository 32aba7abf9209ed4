//! The console is built apart (`npm run build` in `console/`) and embedded from its `dist` folder. A
//! checkout where that was not done yet must build all the same: the server then says how to do it.

fn main() {
    let dist = std::path::Path::new("../../console/dist");
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo:warning=console/dist cannot be made: {error}");
    }
    println!("cargo:rerun-if-changed=../../console/dist");
}
