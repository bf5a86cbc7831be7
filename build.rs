//! Compiles `models/` into the static catalogue, or fails with file and line of everything wrong in it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

#[allow(unreachable_pub, dead_code, reason = "the library uses the rest")]
#[path = "src/catalog/source/mod.rs"]
mod source;
#[allow(unreachable_pub, dead_code, reason = "the library uses the rest")]
#[path = "src/catalog/words.rs"]
mod words;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=models");
    println!("cargo::rerun-if-changed=src/catalog/words.rs");
    println!("cargo::rerun-if-changed=src/catalog/source");
    let mut files = Vec::new();
    collect(Path::new("models"), &mut files);
    files.sort();
    let list = "models/pricing_source_truth.txt";
    files.retain(|path| path != list);
    let prices = load(list.to_owned());
    let models: Vec<source::File> = files.into_iter().map(load).collect();
    match source::compile(&prices, &models) {
        Ok(catalogue) => {
            let out = std::env::var_os("OUT_DIR").expect("cargo says where to write");
            fs::write(Path::new(&out).join("catalog.rs"), source::generate(&catalogue))
                .expect("cargo's own directory can be written");
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in errors {
                println!("cargo::error={error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// All files below a folder, their paths from the package's root with slashes.
fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder that opened can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
}

fn load(path: String) -> source::File {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    source::File { path, text }
}
