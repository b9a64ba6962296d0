/// The scenarios that come with the program: names, and the files as they are.
pub(crate) const SHIPPED: [(&str, &str); 3] = [
    ("shop", include_str!("shipped/shop.toml")),
    ("newsletter", include_str!("shipped/newsletter.toml")),
    ("burst", include_str!("shipped/burst.toml")),
];
