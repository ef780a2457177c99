//! The answer to a smoke request: any body is compared, and a message about it stays short.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::scenario::SmokeExpect;

fuzz_target!(|data: &[u8]| {
    let json = SmokeExpect::Json(serde_json::json!({ "status": "ok", "items": [1, { "id": 2.5 }, null] }));
    for expect in [SmokeExpect::Text("ok".to_owned()), json] {
        if let Err(message) = expect.compare(data) {
            assert!(message.len() < 4096, "{} bytes", message.len());
        }
    }
    // Every JSON document is what itself wants.
    if let Ok(value) = serde_json::from_slice(data) {
        assert_eq!(SmokeExpect::Json(value).compare(data), Ok(()));
    }
});
