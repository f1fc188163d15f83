//! What the engine asks of any resource: the properties that a bundle gives the class.

use godot::classes::IResource;
use godot::global::push_error;
use godot::prelude::*;
use godot::register::info::PropertyInfo;

use crate::model::LudusModel;
use crate::properties;
use crate::state::Opened;

#[godot_api]
impl IResource for LudusModel {
    fn on_get(&self, property: StringName) -> Option<Variant> {
        let got = properties::parse(&property.to_string())?
            .and_then(|place| self.state().opened()?.get(&place));
        got.inspect_err(|failure| push_error(vslice![format!("LudusModel: {}", failure.message)]))
            .ok()
    }

    #[func(gd_self)]
    fn on_set(this: Gd<Self>, property: StringName, value: Variant) -> bool {
        let Some(place) = properties::parse_writable(&property.to_string()) else {
            return false;
        };
        let this = this.bind();
        let set = place.and_then(|place| this.state().opened_mut()?.set(&place, &value));
        if let Err(failure) = &set {
            push_error(vslice![format!("LudusModel: {}", failure.message)]);
        }
        this.report(set);
        true
    }

    // Of a Gd, since `&mut self` would panic while another thread is inside. The engine also lists
    // the properties of objects without a reference (to learn their default values), which must not
    // be freed with the Gd.
    #[func(gd_self)]
    fn on_get_property_list(this: Gd<Self>) -> Vec<PropertyInfo> {
        let listed = this.bind().of_opened(Opened::properties);
        if this.get_reference_count() == 1 {
            std::mem::forget(this);
        }
        listed
    }
}
