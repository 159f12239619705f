//! A page of metrics, read back.

use std::{collections::BTreeMap, fmt};

/// A metric as its comments describe it.
#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: String,
    pub(super) unit: Option<String>,
}

/// A line of a page.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// Name and labels, sorted.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels = self.labels.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        write!(f, "{{{}}}", labels.collect::<Vec<_>>().join(","))
    }
}

pub(super) struct Page {
    pub(super) samples: Vec<Sample>,
    families: BTreeMap<String, Family>,
}

impl Page {
    /// Reads a page; every sample has to stand below the comments of its family.
    pub(super) fn parse(text: &str) -> Self {
        let mut page = Self { samples: Vec::new(), families: BTreeMap::new() };
        let mut now = Family::default();
        for line in text.lines() {
            if line == "# EOF" {
                continue;
            }
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (what, name) = (words.next().unwrap(), words.next().unwrap());
                let rest = words.next().unwrap().to_owned();
                if what == "HELP" {
                    assert!(!page.families.contains_key(name), "{name} begins once");
                    now = Family { name: name.to_owned(), help: rest, ..Family::default() };
                } else {
                    assert_eq!(now.name, name, "{line}");
                    match what {
                        "TYPE" => now.kind = rest,
                        "UNIT" => now.unit = Some(rest),
                        other => panic!("{other}"),
                    }
                }
                page.families.insert(name.to_owned(), now.clone());
                continue;
            }
            let sample = sample(line);
            assert_eq!(page.family_of(&sample.name).name, now.name, "{line}");
            page.samples.push(sample);
        }
        page
    }

    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    pub(super) fn sum(&self, name: &str) -> f64 {
        self.named(name).map(|sample| sample.value).sum()
    }

    pub(super) fn family_of(&self, sample: &str) -> &Family {
        let suffixes = ["", "_total", "_info", "_bucket", "_sum", "_count"];
        let bases = suffixes.iter().filter_map(|suffix| sample.strip_suffix(suffix));
        let mut found = bases.filter_map(|base| self.families.get(base));
        found.next().unwrap_or_else(|| panic!("{sample} has no family"))
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
        None => (series, ""),
    };
    // No value here holds a quote.
    let pair = |label: &str| {
        let (name, value) = label.split_once("=\"").unwrap();
        (name.trim_start_matches(',').to_owned(), value.to_owned())
    };
    let labels = labels.split_inclusive('"').collect::<Vec<_>>();
    let labels = labels.chunks(2).map(|label| label.concat());
    let labels = labels.map(|label| pair(label.strip_suffix('"').unwrap())).collect();
    Sample { name: name.to_owned(), labels, value: value.parse().unwrap() }
}
