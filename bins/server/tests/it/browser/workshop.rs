//! A copy of the page with its tests and all packages, where they run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::program::program;

/// What is there because of builds and tests.
const MADE: [&str; 2] = ["dist", "node_modules"];

/// Where it is, ready; or why there is none. It is made once: the tests run beside each other.
pub(super) fn workshop() -> Result<PathBuf, String> {
    static MADE_ONCE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE_ONCE.get_or_init(made).clone()
}

fn made() -> Result<PathBuf, String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let is_included = program()
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("dashboard included"));
    if !is_included || !web.join("package.json").exists() {
        return Err("the page was not built here; look at the warnings of the build".to_owned());
    }
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web");
    fs::create_dir_all(&copy).unwrap();
    // What was deleted must not be tested any longer.
    for entry in fs::read_dir(&copy).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    copied(&web, &copy);
    installed(&copy)?;
    Ok(copy)
}

fn copied(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if !path.is_dir() {
            fs::copy(path, to).unwrap();
        } else if !MADE.iter().any(|made| path.ends_with(made)) {
            fs::create_dir_all(&to).unwrap();
            copied(&path, &to);
        }
    }
}

/// Installs all packages of the lock file, unless they are there.
fn installed(copy: &Path) -> Result<(), String> {
    let note = copy.join("node_modules/.installed");
    let locked = fs::read(copy.join("package-lock.json")).unwrap();
    if fs::read(&note).is_ok_and(|before| before == locked) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
        .args(["--fetch-retries=1", "--fetch-timeout=30000"])
        .current_dir(copy)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm did not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("what the page is tested with could not be installed: {said}"));
    }
    fs::write(note, locked).unwrap();
    Ok(())
}
