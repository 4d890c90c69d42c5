//! The language in which a caller wants to be told.

use http::HeaderMap;

use crate::domain::text::Language;

/// The language that `accept-language` prefers of those the product speaks; Japanese without one.
pub fn preferred(headers: &HeaderMap) -> Language {
    let header = headers
        .get("accept-language")
        .and_then(|value| value.to_str().ok());
    let mut best: Option<(Language, f32)> = None;
    for range in header.unwrap_or_default().split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let language = match tag.trim().split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("ja") => Language::Ja,
            Some(primary) if primary.eq_ignore_ascii_case("en") => Language::En,
            _ => continue,
        };
        let weight = parameters
            .trim()
            .strip_prefix("q=")
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        // Of equal weights the first one written is preferred; 0 means "not this one".
        if weight > 0.0 && best.is_none_or(|(_, other)| other < weight) {
            best = Some((language, weight));
        }
    }
    best.map_or_else(Language::default, |(language, _)| language)
}

/// The BCP 47 tag of a language.
pub fn tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", header.parse().unwrap());
        preferred(&headers)
    }

    #[test]
    fn the_caller_chooses_and_japanese_is_the_default() {
        assert_eq!(preferred(&HeaderMap::new()), Language::Ja);
        assert_eq!(of("en"), Language::En);
        assert_eq!(of("en-GB,ja;q=0.5"), Language::En);
        assert_eq!(of("en;q=0.4, JA;q=0.5"), Language::Ja);
        assert_eq!(of("de, fr;q=0.9, en;q=0.1"), Language::En);
        assert_eq!(of("en;q=0"), Language::Ja);
        assert_eq!(of("de"), Language::Ja);
        assert_eq!(of(";;;q=x,,en;q=nonsense"), Language::Ja);
    }
}
