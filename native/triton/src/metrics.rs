//! What Triton's own metrics do not tell: the requests in our queue, for Prometheus.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::ptr;

use triton_sys as c;

use crate::server::{Result, check};

const GAUGE: c::TRITONSERVER_MetricKind =
    c::TRITONSERVER_metrickind_enum_TRITONSERVER_METRIC_KIND_GAUGE;
const COUNTER: c::TRITONSERVER_MetricKind =
    c::TRITONSERVER_metrickind_enum_TRITONSERVER_METRIC_KIND_COUNTER;

/// Those of an instance; none where Triton was started without metrics.
pub struct Metrics {
    waiting: Option<Metric>,
    turned_away: Option<Metric>,
}

impl Metrics {
    pub fn new(model: &str, version: &str) -> Self {
        let made = |kind, name, help| Metric::new(kind, name, help, model, version).ok();
        Self {
            waiting: made(GAUGE, c"ludus_requests_waiting", c"Requests that wait for a thread"),
            turned_away: made(
                COUNTER,
                c"ludus_requests_turned_away",
                c"Requests answered by 503: the queue was full, or they waited too long",
            ),
        }
    }

    /// So many more wait.
    pub fn wait(&self, count: usize) {
        add(&self.waiting, count as f64);
    }

    /// So many wait no longer.
    pub fn take(&self, count: usize) {
        add(&self.waiting, -(count as f64));
    }

    /// So many were refused.
    pub fn turn_away(&self, count: usize) {
        add(&self.turned_away, count as f64);
    }
}

fn add(metric: &Option<Metric>, amount: f64) {
    if let Some(metric) = metric {
        // SAFETY: the metric is alive.
        let _ = check(unsafe { c::TRITONSERVER_MetricIncrement(metric.handle, amount) });
    }
}

struct Metric {
    family: *mut c::TRITONSERVER_MetricFamily,
    handle: *mut c::TRITONSERVER_Metric,
}

// SAFETY: Triton's metrics may be written by any thread.
unsafe impl Send for Metric {}
unsafe impl Sync for Metric {}

impl Metric {
    fn new(
        kind: c::TRITONSERVER_MetricKind,
        name: &CStr,
        help: &CStr,
        model: &str,
        version: &str,
    ) -> Result<Self> {
        let mut metric = Self { family: ptr::null_mut(), handle: ptr::null_mut() };
        let [model, version] = [model, version].map(|text| CString::new(text).unwrap_or_default());
        // SAFETY: texts are copied; what was made before a failure is deleted with `metric`.
        unsafe {
            let (name, help) = (name.as_ptr(), help.as_ptr());
            check(c::TRITONSERVER_MetricFamilyNew(&mut metric.family, kind, name, help))?;
            let text = c::TRITONSERVER_parametertype_enum_TRITONSERVER_PARAMETER_STRING;
            let labels = [(c"model", &model), (c"version", &version)].map(|(key, value)| {
                c::TRITONSERVER_ParameterNew(key.as_ptr(), text, value.as_ptr().cast())
            });
            let mut given = labels.map(|label| label.cast_const());
            let made = c::TRITONSERVER_MetricNew(
                &mut metric.handle,
                metric.family,
                given.as_mut_ptr(),
                given.len() as u64,
            );
            labels.iter().for_each(|&label| c::TRITONSERVER_ParameterDelete(label));
            check(made)?;
        }
        Ok(metric)
    }
}

impl Drop for Metric {
    fn drop(&mut self) {
        // SAFETY: ours; the metric goes before its family.
        unsafe {
            if !self.handle.is_null() {
                let _ = check(c::TRITONSERVER_MetricDelete(self.handle));
            }
            if !self.family.is_null() {
                let _ = check(c::TRITONSERVER_MetricFamilyDelete(self.family));
            }
        }
    }
}
