use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// Where a person types the code that a device shows (RFC 8628 §3.3).
#[derive(Template)]
#[template(path = "device_entry.html")]
pub struct DeviceEntryPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    pub user_code: &'a str,
    pub problem: Option<String>,
}

/// The last look before a device is let in: which app, from where (RFC 8628 §5.4).
#[derive(Template)]
#[template(path = "device_confirm.html")]
pub struct DeviceConfirmPage<'a> {
    pub page: &'a Frame,
    pub client: &'a ClientCard,
    pub form: &'a FormTarget,
    pub username: &'a str,
    pub user_code: &'a str,
    pub scopes: Vec<String>,
    /// Address and program that asked for the code.
    pub address: &'a str,
    /// Where that is, where the operator has named it.
    pub place: Option<&'a str>,
    pub user_agent: &'a str,
}

#[derive(Template)]
#[template(path = "device_done.html")]
pub struct DeviceDonePage<'a> {
    pub page: &'a Frame,
    pub client: &'a ClientCard,
    pub allowed: bool,
}
