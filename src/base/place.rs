use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

/// The place that the operator has named for the smallest range around `address`.
pub fn place_of(places: &BTreeMap<IpNet, String>, address: &str) -> Option<String> {
    let address: IpAddr = address.parse().ok()?;
    let around = places.iter().filter(|(range, _)| range.contains(&address));
    around.max_by_key(|(range, _)| range.prefix_len()).map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_range_names_the_place() {
        let places = r#"
            "10.0.0.0/8" = "Head office"
            "10.2.0.0/16" = "Lund"
            "2001:db8::/32" = "Oslo"
        "#;
        let places: BTreeMap<IpNet, String> = toml::from_str(places).unwrap();
        assert_eq!(place_of(&places, "10.2.3.4").as_deref(), Some("Lund"));
        assert_eq!(place_of(&places, "10.3.3.4").as_deref(), Some("Head office"));
        assert_eq!(place_of(&places, "2001:db8::9").as_deref(), Some("Oslo"));
        for nowhere in ["192.0.2.1", "::1", "", "x"] {
            assert_eq!(place_of(&places, nowhere), None);
        }
        assert_eq!(place_of(&BTreeMap::new(), "10.0.0.1"), None);
    }
}
