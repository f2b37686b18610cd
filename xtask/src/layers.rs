//! The layers of the emulator, held by a test.
//!
//! The compiler keeps a crate from using what its manifest does not name, and nothing keeps a manifest from naming
//! something above it. The determinism of a run rests on the lower layers knowing nothing of the host, so which crate
//! may name which is written down here, once; a crate that is not in the table fails the test, too. The
//! same goes for `unsafe`, and for who is exempt from the bans of `emulator/clippy.toml`.

use std::fs;
use std::path::{Path, PathBuf};

/// A crate's folder, and those of ours that it may use. Not all of them exist yet.
const LAYERS: &[(&str, &[&str])] = &[
    ("emulator/core", &[]),
    ("emulator/log", &["core"]),
    ("emulator/memory", &["core"]),
    ("emulator/cpu", &["core", "memory"]),
    ("emulator/jit", &["core", "memory", "cpu"]),
    ("emulator/guest/aarch64", &["core", "memory", "cpu"]),
    ("emulator/guest/alpha", &["core", "memory", "cpu"]),
    ("emulator/guest/s390x", &["core", "memory", "cpu"]),
    ("emulator/devices", &["core", "memory"]),
    (
        "emulator/machine",
        &["core", "log", "memory", "cpu", "jit", "aarch64", "alpha", "s390x", "devices"],
    ),
    ("emulator/timeline", &["core", "log", "machine"]),
    ("emulator/debug", &["core", "log", "timeline", "machine"]),
    ("emulator/host", &["core"]),
    ("emulator", &["core", "log", "machine", "timeline", "debug", "host"]),
    ("harness", &["core", "log", "machine", "timeline", "host"]),
    ("xtask", &[]),
    // For tests: no other row allows it.
    ("emulator/testing", &["core", "cpu"]),
];

/// The folders in which `unsafe` may appear, each block with its reason.
const UNSAFE: [&str; 3] = ["emulator/memory", "emulator/jit", "emulator/host"];

/// The crates under `emulator` that are exempt from its `clippy.toml`.
const OWN_CLIPPY: [&str; 1] = ["emulator/host"];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The members of the workspace, from its manifest.
fn members() -> Vec<String> {
    let manifest = read(&crate::root().join("Cargo.toml"));
    let list = manifest.split_once("members = [").and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.expect("the workspace lists its members");
    list.split(',')
        .map(|item| item.trim().trim_matches('"').to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// The crates of ours that a manifest names, without `lockstep-`. Tests may use what they like.
fn ours(manifest: &str) -> Vec<&str> {
    let mut counts = false;
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            counts = section.contains("dependencies") && !section.contains("dev-dependencies");
            // `[dependencies.lockstep-core]` names a crate as well.
            let named = section.trim_end_matches(']').rsplit('.').next().unwrap_or_default();
            found.extend(named.strip_prefix("lockstep-").filter(|_| counts));
        } else if let Some(name) = line.strip_prefix("lockstep-").filter(|_| counts) {
            found.extend(name.split(['.', ' ', '=']).next());
        }
    }
    found
}

/// What a manifest says against the table.
fn violations(folder: &str, manifest: &str) -> Vec<String> {
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == folder) else {
        return vec![format!("{folder} is not in the table of layers")];
    };
    let wrong = ours(manifest).into_iter().filter(|name| !allowed.contains(name));
    wrong.map(|name| format!("{folder} must not use lockstep-{name}")).collect()
}

/// All Rust files below a folder, in an order that is always the same.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The first line with `unsafe` code, or with leave to write some. Words in comments and strings do not count.
fn unsafe_line(source: &str) -> Option<usize> {
    let keyword = ["unsafe", "unsafe_code"];
    let is_code = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let unquoted = code.split('"').step_by(2);
        unquoted
            .flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .any(|word| keyword.contains(&word))
    };
    source.lines().position(is_code).map(|place| place + 1)
}

/// Catches a lower layer that begins to use a higher one, and a new crate that nobody gave a layer.
#[test]
fn manifests_keep_to_the_layers() {
    let members = members();
    assert!(members.iter().any(|member| member == "emulator/core"), "{members:?}");
    let wrong: Vec<String> = members
        .iter()
        .flat_map(|folder| {
            violations(folder, &read(&crate::root().join(folder).join("Cargo.toml")))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Catches `unsafe` where a memory error would be a divergence that nobody can find.
#[test]
fn unsafe_code_is_where_it_may_be() {
    let mut wrong = Vec::new();
    for folder in ["emulator", "harness", "xtask"] {
        let mut files = Vec::new();
        rust_files(&crate::root().join(folder), &mut files);
        for path in files {
            let within = path.strip_prefix(crate::root()).unwrap_or(&path);
            if !UNSAFE.iter().any(|allowed| within.starts_with(allowed))
                && let Some(line) = unsafe_line(&read(&path))
            {
                wrong.push(format!("{}:{line}", within.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe code in {wrong:#?}");
}

/// Catches a crate that leaves the deterministic ones by a `clippy.toml` or lints of its own.
#[test]
fn crates_keep_to_the_common_lints() {
    for folder in members() {
        let place = crate::root().join(&folder);
        let own = place.join("clippy.toml").exists() || place.join(".clippy.toml").exists();
        let may = folder == "emulator" || OWN_CLIPPY.contains(&folder.as_str());
        assert!(!own || may, "{folder} has a clippy.toml of its own");
        let manifest = read(&place.join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{folder} has lints of its own");
    }
    assert!(crate::root().join("emulator/clippy.toml").exists());
}

/// Catches the checks above passing because they see nothing.
#[test]
fn the_checks_can_fail() {
    let manifest = "[dependencies]\nlockstep-core.workspace = true\nlockstep-host = { path = \"x\" }\n\
                    serde = \"1\"\n[dependencies.lockstep-log]\npath = \"y\"\n\
                    [dev-dependencies]\nlockstep-machine.workspace = true\n";
    assert_eq!(ours(manifest), ["core", "host", "log"]);
    let wrong = violations("emulator/cpu", manifest);
    assert_eq!(
        wrong,
        ["emulator/cpu must not use lockstep-host", "emulator/cpu must not use lockstep-log"]
    );
    assert_eq!(violations("emulator/new", "").len(), 1);
    assert_eq!(unsafe_line("fn f() {}\n    unsafe { g() }\n"), Some(2));
    assert_eq!(unsafe_line("#![allow(unsafe_code)]\n"), Some(1));
    assert_eq!(
        unsafe_line("// unsafe\nlet s = \"unsafe\"; // unsafe\nlet not_unsafe = 1;\n"),
        None
    );
}
