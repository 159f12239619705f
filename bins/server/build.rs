//! Finds the commit that is built, for `piecewatch --version`, and builds the dashboard into the program.

#[path = "build/page.rs"]
mod page;

use std::{path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let commit = packaged_commit().or_else(checked_out_commit);
    println!(
        "cargo::rustc-env=PIECEWATCH_COMMIT={}",
        commit.as_deref().unwrap_or("unknown commit")
    );
    page::build();
}

/// The commit that `cargo package` noted, in a crate that was built from its package.
fn packaged_commit() -> Option<String> {
    let noted = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, after) = noted.split_once("\"sha1\"")?;
    let sha1 = after.split('"').nth(1)?;
    Some(sha1.chars().take(10).collect())
}

/// The commit of the checkout, with its date.
fn checked_out_commit() -> Option<String> {
    // An unpacked crate may lie inside another project's checkout.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    for name in ["HEAD", "logs/HEAD", "packed-refs"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["show", "--no-patch", "--abbrev=10", "--format=%h %cs", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
