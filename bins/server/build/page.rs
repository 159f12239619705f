//! Builds the dashboard with npm, outside the tree of the sources, and writes a table of its files, compressed, for the program.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, write::GzEncoder};

/// What the page is built of, in `web`, apart from what is there for its tests.
const SOURCES: [&str; 8] = [
    "index.html",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Without what only tests need; and where nothing can be fetched it is known within a minute.
const INSTALL: [&str; 8] = [
    "ci",
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-timeout=30000",
];

/// How many of the last lines are told of what failed.
const LINES_MAX: usize = 6;

/// A file by its path below the folder that it was found in, with `/`.
type Found = (String, Vec<u8>);

/// Writes `dashboard.rs` to where the program includes it from: the files of the page, or none.
pub(crate) fn build() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    let web = Path::new("web");
    let files = if env::var_os("CARGO_FEATURE_DASHBOARD").is_none() {
        Vec::new()
    } else if web.join("package.json").exists() {
        built(web, &out).unwrap_or_else(|why| {
            println!("cargo::warning=the dashboard is not included: {why}");
            println!(
                "cargo::warning=with Node.js 20.19 or newer and npm in reach, `{}` and build again",
                clean()
            );
            Vec::new()
        })
    } else {
        packaged(web)
    };
    table(&out, &files).expect("what is built can be written");
}

/// What makes cargo run this once more, since nothing that it looks at changed. By itself it cleans what was not optimised alone.
fn clean() -> &'static str {
    if env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        "cargo clean --package piecewatch --release"
    } else {
        "cargo clean --package piecewatch"
    }
}

/// The files of the page in a packaged crate, which has them in place of what they are built of. Whoever packaged it without them
/// made a mistake that nobody who installs it can mend.
fn packaged(web: &Path) -> Vec<Found> {
    if web.exists() {
        println!("cargo::rerun-if-changed=web");
    }
    let files = files(&web.join("dist")).unwrap_or_default();
    if !files.iter().any(|(name, _)| name == "index.html") {
        println!(
            "cargo::error=this package was made without the dashboard; build it with `--no-default-features`, and tell its makers"
        );
    }
    files
}

/// The files of the page, built with npm where something changed.
fn built(web: &Path, out: &Path) -> Result<Vec<Found>, String> {
    for source in SOURCES.iter().filter(|source| **source != "src") {
        println!("cargo::rerun-if-changed=web/{source}");
    }
    let copy = out.join("web");
    let dist = copy.join("dist");
    let failed = |error: io::Error| format!("{}: {error}", copy.display());
    let sources = sources(web).map_err(failed)?;
    // Not the folder, in which tests change as well: a new file is one that an old one begins to import.
    for (name, _) in sources.iter().filter(|(name, _)| name.starts_with("src/")) {
        println!("cargo::rerun-if-changed=web/{name}");
    }
    // This program runs at each commit, too; what the page is built of is another matter.
    let (noted, note) = (note(&sources), out.join("web.built"));
    if fs::read(&note).is_ok_and(|before| before == noted) {
        return files(&dist).map_err(failed);
    }
    let _ = fs::remove_file(&note);
    copied(&sources, &copy).map_err(failed)?;
    installed(&copy)?;
    npm(&copy, &["run", "build"])?;
    let built = files(&dist).map_err(failed)?;
    fs::write(&note, noted).map_err(failed)?;
    Ok(built)
}

/// What the page is built of.
fn sources(web: &Path) -> io::Result<Vec<Found>> {
    let mut all = Vec::new();
    for name in SOURCES {
        let path = web.join(name);
        if path.is_dir() {
            let below = files(&path)?.into_iter();
            all.extend(below.map(|(short, bytes)| (format!("{name}/{short}"), bytes)));
        } else {
            all.push((name.to_owned(), fs::read(path)?));
        }
    }
    all.retain(|(name, _)| !is_for_tests(name));
    Ok(all)
}

/// Whether a source is a test, or the frames that tests are fed with.
fn is_for_tests(name: &str) -> bool {
    name.ends_with(".test.ts") || name.ends_with("/recorded.ts")
}

/// All of it in a row, by which it is known whether it changed.
fn note(sources: &[Found]) -> Vec<u8> {
    let mut note = Vec::new();
    for (name, bytes) in sources {
        note.extend_from_slice(format!("{name} {}\n", bytes.len()).as_bytes());
        note.extend_from_slice(bytes);
    }
    note
}

/// Copies it, and leaves nothing but the installed packages of what was there before.
fn copied(sources: &[Found], copy: &Path) -> io::Result<()> {
    for folder in ["src", "public", "dist"] {
        match fs::remove_dir_all(copy.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    for (name, bytes) in sources {
        let path = copy.join(name);
        fs::create_dir_all(path.parent().unwrap_or(copy))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Installs the packages of the lock file that the build needs, unless they are there.
fn installed(copy: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", copy.display());
    let (locked, note) = (copy.join("package-lock.json"), copy.join("node_modules/.installed"));
    let locked = fs::read(locked).map_err(failed)?;
    if fs::read(&note).is_ok_and(|before| before == locked) {
        return Ok(());
    }
    npm(copy, &INSTALL)?;
    fs::write(note, locked).map_err(failed)
}

/// Runs npm to its end.
fn npm(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    // On Windows it is a script, which is found under its whole name alone.
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let command = format!("npm {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{command}` did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // Not where in npm it happened, but what.
    let lines =
        said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("at "));
    let lines: Vec<_> = lines.collect();
    let last = lines[lines.len().saturating_sub(LINES_MAX)..].join("; ");
    Err(format!("`{command}` failed: {last}"))
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(short) = path.strip_prefix(folder) {
                let short = short.to_string_lossy().replace('\\', "/");
                found.push((short, fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the files, compressed, and the table of them.
fn table(out: &Path, files: &[Found]) -> io::Result<()> {
    let packed = out.join("packed");
    fs::create_dir_all(&packed)?;
    let mut table = String::from("&[\n");
    for (number, (name, bytes)) in files.iter().enumerate() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes)?;
        let path = packed.join(format!("{number}.gz"));
        fs::write(&path, encoder.finish()?)?;
        let kind = content_type(name);
        let _ = writeln!(
            table,
            "    File {{ path: {name:?}, content_type: {kind:?}, gzip: include_bytes!({path:?}) }},"
        );
    }
    table.push_str("]\n");
    fs::write(out.join("dashboard.rs"), table)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
