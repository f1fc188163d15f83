//! From a path and a device to a network that runs.

use std::sync::Arc;

use ludus_runtime::Bundle;
use ludus_runtime::model::{self, Choice};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::remote::{self, Client, Settings};
use crate::work::{Network, Runner};

/// A bundle, and what was learnt of its variants.
pub type Found = Option<(Arc<Bundle>, Vec<Choice>)>;

/// What to open.
pub struct Wanted {
    pub path: String,
    pub device: String,
    pub asking: Settings,
}

/// Open it. What was found of a bundle is there also where nothing of it runs.
pub fn open(wanted: &Wanted) -> (Found, Outcome<Network>) {
    if remote::is_remote(&wanted.path) {
        return (None, open_remote(wanted));
    }
    let bundle = match files::open(&wanted.path) {
        Ok(bundle) => Arc::new(bundle),
        Err(failure) => return (None, Err(failure)),
    };
    let opening = model::open(&bundle, &wanted.device);
    let network = opening.model.map(|model| Network::new(Runner::Here(model)));
    (Some((bundle, opening.choices)), network.map_err(Failure::from))
}

fn open_remote(wanted: &Wanted) -> Outcome<Network> {
    let Wanted { path, device, asking } = wanted;
    if device != "auto" {
        return Err(Failure::bad(format!(
            "{path} on '{device}': the server chooses the device (ludus serve --device); open it \
             on \"auto\""
        )));
    }
    Ok(Network::new(Runner::There(Client::open(path, asking)?)))
}
