//! From a path and a device to a network that runs.

use std::sync::Arc;

use ludus_runtime::Bundle;
use ludus_runtime::choose::{self, Choice};

use crate::failure::{Failure, Outcome};
use crate::files;
use crate::network::{Network, Runner};
use crate::remote::{self, Client, Settings};

/// A bundle, and what was learnt of its variants.
pub type Found = Option<(Arc<Bundle>, Vec<Choice>)>;

/// What to open.
pub struct Wanted {
    pub path: String,
    pub device: String,
    pub settings: Settings,
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
    let opening = choose::open(&bundle, &wanted.device);
    let network = opening.model.map(|model| Network::new(Runner::Local(model)));
    (Some((bundle, opening.choices)), network.map_err(Failure::from))
}

fn open_remote(wanted: &Wanted) -> Outcome<Network> {
    let Wanted { path, device, settings } = wanted;
    if device != "auto" {
        return Err(Failure::bad(format!(
            "{path} on '{device}': the server chooses the device (ludus serve --device); open it \
             on \"auto\""
        )));
    }
    Ok(Network::new(Runner::Remote(Client::open(path, settings)?)))
}
