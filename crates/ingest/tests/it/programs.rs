//! Programs that stand in for `docker` and `journalctl`: found by their names, as the real ones are.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

/// Set where a test runs with the folder of the program in its `PATH`.
const FOLDER: &str = "PIECEWATCH_TEST_PROGRAMS";

/// What all of them do: give the lines of a file, and those that are added to it.
const FOLLOW: &str = r#"
calls=$(wc -l < "$FOLDER/calls")
left=$(sed -n "${calls}p" "$FOLDER/ends" 2> /dev/null)
tell() {
    printf '%s\n' "$1"
    [ -n "$left" ] || return 0
    left=$((left - 1))
    [ "$left" -gt 0 ] || exit 3
}
"#;
const LOOP: &str = r#"
while :; do
    while IFS= read -r line; do said "$line"; done
    sleep 0.02
done < "$FOLDER/said"
"#;

/// A program that is played.
#[derive(Debug)]
pub(crate) struct Played<'a> {
    folder: &'a Path,
}

/// Runs a test in a process of its own, in which a program of this name is found. Its script defines
/// `said`, which is given each line, and calls `tell` with what is to be printed of it.
pub(crate) fn with_programs(test: &str, name: &str, script: &str, run: impl FnOnce(&Played<'_>)) {
    if let Some(folder) = env::var_os(FOLDER) {
        return run(&Played { folder: Path::new(&folder) });
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(name);
    let variable = format!("FOLDER={}\n", folder.path().display());
    let call = "echo \"$*\" >> \"$FOLDER/calls\"\n";
    fs::write(&program, ["#!/bin/sh\n", &variable, call, FOLLOW, script, LOOP].concat()).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("said"), "").unwrap();
    let path = env::var_os("PATH").unwrap();
    let paths = [folder.path().to_owned()].into_iter().chain(env::split_paths(&path));
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("PATH", env::join_paths(paths).unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said[0].contains("1 passed"), "{}\n{}", said[0], said[1]);
}

impl Played<'_> {
    /// Adds lines to what the program says.
    pub(crate) fn say(&self, lines: &[String]) {
        let path = self.folder.join("said");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    }

    /// Forgets what it has said.
    pub(crate) fn forget(&self) {
        fs::write(self.folder.join("said"), "").unwrap();
    }

    /// Lets the next calls end after so many lines.
    pub(crate) fn end_after(&self, lines: &[u32]) {
        let mut ends = "\n".repeat(self.calls().len());
        lines.iter().for_each(|lines| ends.push_str(&format!("{lines}\n")));
        fs::write(self.folder.join("ends"), ends).unwrap();
    }

    /// The arguments of each call.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }
}
