//! Metrics as plain values, and the two forms in which they are written.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
    encoding::{prometheus_text, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

/// The labels of a sample, in the order in which they are written.
pub(super) type Labels = Vec<(&'static str, String)>;

/// In which form a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    PrometheusText,
}

impl Form {
    /// What an `Accept` header asks for: OpenMetrics where it names it with a quality above 0, else
    /// the text of Prometheus, which every scraper reads.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let is_open_metrics = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let mut is_refused = false;
            let mut is_known_version = true;
            for part in parts {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                match name.trim() {
                    "q" => is_refused = value.trim().parse::<f64>().is_ok_and(|q| q <= 0.0),
                    "version" => {
                        is_known_version = matches!(value.trim(), "1.0.0" | "0.0.1" | "");
                    }
                    _ => {}
                }
            }
            kind.eq_ignore_ascii_case("application/openmetrics-text")
                && !is_refused
                && is_known_version
        };
        match accept {
            Some(accept) if accept.split(',').any(is_open_metrics) => Self::OpenMetrics,
            Some(_) | None => Self::PrometheusText,
        }
    }

    /// The `Content-Type` of the page.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::PrometheusText => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Info,
    Histogram,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
    /// Buckets that do not overlap: the upper limit, and how many are not above it but above the one
    /// before. The last limit is infinite.
    Histogram {
        sum: f64,
        count: u64,
        buckets: Vec<(f64, u64)>,
    },
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self::Whole(whole)
    }
}

impl From<usize> for Number {
    fn from(whole: usize) -> Self {
        Self::Whole(whole as u64)
    }
}

impl From<f64> for Number {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        Self::Whole(is_so.into())
    }
}

/// A metric and its samples.
#[derive(Debug)]
pub(super) struct Family {
    /// With the unit at its end, without `_total` and `_info`.
    name: &'static str,
    help: &'static str,
    kind: Kind,
    samples: Vec<(Labels, Number)>,
}

impl Family {
    /// Adds a sample.
    pub(super) fn add<const N: usize>(
        &mut self,
        labels: [(&'static str, &str); N],
        value: impl Into<Number>,
    ) {
        let labels = labels.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        self.samples.push((labels, value.into()));
    }

    /// Adds a sample where there is a value.
    pub(super) fn add_known<const N: usize>(
        &mut self,
        labels: [(&'static str, &str); N],
        value: Option<impl Into<Number>>,
    ) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// The unit that the name ends with; `None` of a number of things.
    fn unit(&self) -> Option<Unit> {
        match self.name.rsplit('_').next()? {
            "bytes" => Some(Unit::Bytes),
            "seconds" => Some(Unit::Seconds),
            unit @ ("dollars" | "ratio") => Some(Unit::Other(unit.to_owned())),
            _ => None,
        }
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let unit = self.unit();
        let suffix = unit.as_ref().map_or(0, |unit| unit.as_str().len() + 1);
        let name = &self.name[..self.name.len() - suffix];
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Info => MetricType::Info,
            Kind::Histogram => MetricType::Histogram,
        };
        // OpenMetrics knows the info by its name alone; as a gauge its name says what it is.
        let mut encoder = encoder.encode_descriptor(name, self.help, unit.as_ref(), kind)?;
        for (labels, number) in &self.samples {
            if self.kind == Kind::Info {
                encoder.encode_info(labels)?;
            } else if labels.is_empty() {
                sample(&mut encoder, self.kind, number)?;
            } else {
                sample(&mut encoder.encode_family(labels)?, self.kind, number)?;
            }
        }
        Ok(())
    }
}

fn sample(encoder: &mut MetricEncoder<'_>, kind: Kind, number: &Number) -> fmt::Result {
    match (kind, number) {
        (Kind::Counter, Number::Whole(whole)) => {
            encoder.encode_counter::<NoLabelSet, u64, u64>(whole, None)
        }
        (Kind::Counter, Number::Real(real)) => {
            encoder.encode_counter::<NoLabelSet, f64, u64>(real, None)
        }
        (Kind::Histogram, Number::Histogram { sum, count, buckets }) => {
            encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
        }
        (Kind::Gauge | Kind::Histogram | Kind::Info, Number::Whole(whole)) => {
            encoder.encode_gauge(whole)
        }
        (Kind::Gauge | Kind::Histogram | Kind::Info, Number::Real(real)) => {
            encoder.encode_gauge(real)
        }
        (Kind::Counter | Kind::Gauge | Kind::Info, Number::Histogram { sum, .. }) => {
            encoder.encode_gauge(sum)
        }
    }
}

/// The metrics of a page, in the order in which they were begun.
#[derive(Debug, Default)]
pub(super) struct Families(Vec<Family>);

impl Families {
    /// Begins a counter: the name without `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Counter)
    }

    /// Begins a gauge.
    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Gauge)
    }

    /// Begins an info: the name without `_info`.
    pub(super) fn info(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Info)
    }

    /// Begins a histogram.
    pub(super) fn histogram(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.begin(name, help, Kind::Histogram)
    }

    fn begin(&mut self, name: &'static str, help: &'static str, kind: Kind) -> &mut Family {
        self.0.push(Family { name, help, kind, samples: Vec::new() });
        self.0.last_mut().expect("one was pushed")
    }

    /// Writes them as a page. Metrics without a sample are left out.
    pub(super) fn page(mut self, form: Form) -> String {
        self.0.retain(|family| !family.samples.is_empty());
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut page = String::new();
        let written = match form {
            Form::OpenMetrics => text::encode(&mut page, &registry),
            Form::PrometheusText => prometheus_text::encode(&mut page, &registry),
        };
        written.expect("a string takes everything");
        page
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}
