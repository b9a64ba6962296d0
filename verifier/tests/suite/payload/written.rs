//! Callbacks as a publisher writes them.

use serde_json::{Map, Value, json};

/// What a callback is to say.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) action: &'static str,
    pub(super) fields: Vec<(String, String)>,
    /// `None` of a subprofile.
    pub(super) interests: Option<Vec<String>>,
}

impl Default for Written {
    fn default() -> Self {
        Self { id: "1".into(), action: "update", fields: Vec::new(), interests: Some(Vec::new()) }
    }
}

impl Written {
    pub(super) fn in_every_dialect(&self) -> [Vec<u8>; 3] {
        [self.as_json(), self.as_xml(), self.as_form()].map(String::into_bytes)
    }

    /// Written by hand, as an object of `serde_json` has no duplicates.
    pub(super) fn as_json(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let fields: Vec<_> = self.fields.iter().map(|(k, v)| format!("{}:{}", text(k), text(v))).collect();
        let interests =
            self.interests.as_ref().map(|interests| format!(",\"interests\":{}", json!(interests))).unwrap_or_default();
        let (id, action, fields) = (text(&self.id), text(self.action), fields.join(","));
        format!("{{\"id\":{id},\"action\":{action},\"fields\":{{{fields}}}{interests}}}")
    }

    pub(super) fn as_xml(&self) -> String {
        let root = if self.interests.is_some() { "profile" } else { "subprofile" };
        let fields: String =
            self.fields.iter().map(|(k, v)| format!("<field name=\"{}\">{}</field>", escaped(k), escaped(v))).collect();
        let interests = self.interests.as_ref().map(|interests| {
            let each: String = interests.iter().map(|name| format!("<interest>{}</interest>", escaped(name))).collect();
            format!("<interests>{each}</interests>")
        });
        let (id, action, interests) = (escaped(&self.id), self.action, interests.unwrap_or_default());
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}><id>{id}</id><action>{action}</action>\
             <fields>{fields}</fields>{interests}</{root}>"
        )
    }

    pub(super) fn as_form(&self) -> String {
        let id = match self.interests {
            Some(_) => format!("profile={}", percent(&self.id)),
            None => format!("profile=7&subprofile={}&collection=3", percent(&self.id)),
        };
        let fields = self.fields.iter().map(|(k, v)| format!("&fields%5B{}%5D={}", percent(k), percent(v)));
        let interests = self.interests.iter().flatten().map(|name| format!("&interests%5B%5D={}", percent(name)));
        format!("type={}&{id}{}", self.action, fields.chain(interests).collect::<String>())
    }

    pub(super) fn as_legacy_xml(&self, old: &[(String, String)]) -> String {
        let element = |(k, v): &(String, String)| format!("<field name=\"{}\">{}</field>", escaped(k), escaped(v));
        let (old, new): (String, String) =
            (old.iter().map(element).collect(), self.fields.iter().map(element).collect());
        let (id, action) = (escaped(&self.id), self.action);
        format!(
            "<profile><id>{id}</id><action>{action}</action><fields>{old}</fields><updated>{new}</updated></profile>"
        )
    }

    pub(super) fn as_legacy_form(&self, changed: &[(String, String)]) -> String {
        let object = |fields: &[(String, String)]| -> Map<String, Value> {
            fields.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect()
        };
        let json = json!({ "parameters": object(changed), "profile": { "fields": object(&self.fields) } });
        format!("json={}", percent(&json.to_string()))
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\t' | '\n' | '\r' => format!("&#x{:X};", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

/// As browsers do it (WHATWG URL standard, section 5.2).
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => char::from(b).to_string(),
            b' ' => "+".to_owned(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
