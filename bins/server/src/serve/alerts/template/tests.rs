//! What services would make of a text that is meant to harm.

use piecewatch_analytics::alert::Notice;
use piecewatch_store::{AlertLevel, AlertNotice};

use super::*;
use crate::serve::alerts::message::trial;

fn message(sentence: &str, notices: usize) -> Message {
    let mut message = trial("2026-08-19T14:03:27Z".parse().unwrap());
    let mut notice: Notice = message.notices.remove(0);
    notice.alert.sentence = sentence.to_owned();
    notice.alert.node = Some("attic".parse().unwrap());
    notice.alert.rule = "audit_score".into();
    message.notices = vec![notice; notices];
    message
}

const HARM: &str =
    "@everyone <!channel> <b>x</b> **b** `c` [l](http://e) & \"q\" \n# T ||s|| \u{202e}";

#[test]
fn nothing_in_a_text_is_taken_for_markup() {
    let harm = message(HARM, 1);
    let of = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let discord = discord(&harm);
    let content = of(&discord, "content");
    assert!(content.starts_with("**WARNING attic\\: audit score**\n"), "{content}");
    assert!(content.contains("@\u{200b}everyone \\<!channel\\>"), "{content}");
    assert!(content.contains("\\*\\*b\\*\\* \\`c\\` \\[l\\]\\(http\\:"), "{content}");
    assert!(!content.contains("\n#") && !content.contains('\u{202e}'), "{content}");
    assert_eq!(discord["allowed_mentions"]["parse"], json!([]));

    let text = of(&slack(&harm), "text");
    assert!(
        text.contains("&lt;!channel&gt; &lt;b&gt;x&lt;/b&gt;") && text.contains(" &amp; "),
        "{text}"
    );

    let telegram = telegram(&harm, "7");
    let text = of(&telegram, "text");
    assert!(text.starts_with("<b>WARNING attic: audit score</b>\n"), "{text}");
    assert!(text.contains("&lt;b&gt;x&lt;/b&gt;") && text.matches('<').count() == 2, "{text}");
    assert_eq!((&telegram["chat_id"], &telegram["parse_mode"]), (&json!("7"), &json!("HTML")));
}

#[test]
fn no_message_is_longer_than_its_service_takes() {
    let long = "<é🦀*".repeat(4_000);
    for many in [message(&long, 1), message(&long, 60), message("short", 60), message("", 1)] {
        let units =
            |value: &Value, field: &str| value[field].as_str().unwrap().encode_utf16().count();
        assert!(units(&discord(&many), "content") <= 2_000);
        assert!(units(&slack(&many), "text") <= 3_900);
        assert!(units(&telegram(&many, "7"), "text") <= 4_096);
        let ntfy = ntfy(&many);
        assert!(ntfy.text.len() <= 4_000 && ntfy.title.len() <= 1_000 && ntfy.title.is_ascii());
    }
    let of_many = discord(&message("The score is low.", 60));
    let content = of_many["content"].as_str().unwrap();
    assert!(content.contains("And") && content.contains("more"), "{content}");
}

#[test]
fn a_title_for_ntfy_is_ascii() {
    assert_eq!(header("WARNING attic: clock"), "WARNING attic: clock");
    // By Python: email.header.Header("Büro: Uhr", "utf-8", header_name="").encode() has base64 of the same bytes.
    assert_eq!(header("Büro: Uhr"), "=?UTF-8?B?QsO8cm86IFVocg==?=");
    let long = header(&"ü".repeat(50));
    assert!(
        long.split(' ').all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?")),
        "{long}"
    );
    assert!(header("a\r\nX-Evil: 1").starts_with("=?UTF-8?B?"), "no second header");
}

#[test]
fn programs_get_every_field_and_how_it_is_over() {
    let mut over = message("The score is low.", 2);
    over.notices[0].notice = AlertNotice::Resolved;
    let mixed = object(&over);
    assert_eq!(
        (&mixed["level"], &mixed["alerts"][0]["notice"]),
        (&json!("warning"), &json!("resolved"))
    );
    over.notices.truncate(1);
    let object = object(&over);
    assert_eq!(object["level"], "resolved");
    assert_eq!(object["title"], "RESOLVED attic: audit score");
    assert_eq!(object["alerts"][0]["node"], "attic");
    assert_eq!(ntfy(&over).tags, "white_check_mark");
    over.notices[0].notice = AlertNotice::Fired;
    over.notices[0].alert.level = AlertLevel::Critical;
    assert_eq!((ntfy(&over).priority, ntfy(&over).tags), ("5", "rotating_light"));
}
