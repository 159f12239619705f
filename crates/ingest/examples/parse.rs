//! Says what each line of a log means: `cargo run -p piecewatch-ingest --example parse -- FILE`.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

use piecewatch_ingest::Parser;

fn main() -> io::Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::other("the path of a log is needed: parse FILE"))?;
    let mut parser = Parser::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let line = line?;
        println!("{:?}\t{}", parser.parse(&line), String::from_utf8_lossy(&line));
    }
    Ok(())
}
