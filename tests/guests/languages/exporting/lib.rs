use std::cell::RefCell;

use karat_sdk::exporter::{Batch, Encoding, Exporter, Receipt};
use karat_sdk::prelude::*;
use karat_sdk::sink;

thread_local! {
    static HELD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Probe {
    how: String,
}

impl Default for Probe {
    fn default() -> Self {
        Self { how: "how?".to_owned() }
    }
}

impl Exporter for Probe {
    const NAME: &str = "probe";
    const SUMMARY: &str = "holds back, rejects or fails";

    fn accepts(&self) -> Vec<Encoding> {
        vec![Encoding::OtlpJson]
    }

    fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        match self.how.as_str() {
            "hold" => {}
            "reject" => return Ok(Receipt::rejected(batch, 9, "too old")),
            "fail" => return Err(Failure { code: ErrorCode::Unavailable, message: "not now".to_owned() }),
            how => return Err(Failure::other(how)),
        }
        for span in batch.spans()? {
            let told = |name: &str| span.attributes[name].as_str().unwrap_or_default().to_owned();
            let index = span.attributes["karat.row.index"].as_i64().unwrap_or_default() + 1;
            let said = span.events.iter().map(|event| {
                let (label, score) = ("gen_ai.evaluation.score.label", "gen_ai.evaluation.score.value");
                let label = event.attributes[label].as_str().map(str::to_owned);
                let value = label.unwrap_or_else(|| event.attributes[score].to_string());
                format!("{}={value}", event.attributes["gen_ai.evaluation.name"].as_str().unwrap_or_default())
            });
            let row = [told("karat.row.id"), index.to_string(), told("karat.row.tag.lang")];
            let line = row.into_iter().chain(said).collect::<Vec<_>>().join(" ");
            HELD.with_borrow_mut(|held| held.push(line));
        }
        Ok(Receipt::accepted(batch))
    }

    fn flush(&self) -> Result<(), Failure> {
        HELD.with_borrow(|held| held.iter().try_for_each(|line| sink::write(format!("{line}\n").as_bytes())))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Raw {}

impl Exporter for Raw {
    const NAME: &str = "raw";
    const SUMMARY: &str = "what it is handed";

    fn accepts(&self) -> Vec<Encoding> {
        vec![Encoding::OtlpProtobuf]
    }

    fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        let is_span = batch.payload.windows(9).any(|window| window == b"karat.row");
        let encoding = if batch.encoding == Encoding::OtlpProtobuf { "protobuf" } else { "json" };
        sink::write(format!("{} {encoding} {is_span}", batch.span_count).as_bytes())?;
        Ok(Receipt::accepted(batch))
    }
}

karat_sdk::plugin! { name: "local/exporting", exporters: [Probe, Raw] }
