//! Bodies of requests, as they come in.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::admission::{Admission, Held};
use crate::options::Bounds;
use crate::refusal::Refusal;

/// Takes a body that there is room for and that is no larger than it may be. One that says beforehand how large it is gets its room,
/// or none, before it is read.
pub(crate) async fn take(
    body: &mut Body,
    headers: &HeaderMap,
    admission: &Admission,
    bounds: &Bounds,
) -> Result<(Bytes, Held), Refusal> {
    let most = bounds.request_bytes;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let declared = declared.unwrap_or_default();
    if declared > most {
        return Err(over(most));
    }
    let mut held = admission.enter(declared)?;
    let late = |_| Refusal::unavailable("the request took too long to come in");
    let bytes = tokio::time::timeout(bounds.arrival, read(body, most, &mut held)).await.map_err(late)??;
    Ok((bytes, held))
}

async fn read(body: &mut Body, most: usize, held: &mut Held) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::bad_request(format!("the request broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(over(most));
        }
        held.grow((bytes.len() + data.len()).saturating_sub(held.bytes()))?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

fn over(most: usize) -> Refusal {
    Refusal::too_large(format!("the request has more than {most} bytes")).hint("send fewer spans at once")
}

/// Reads on and keeps nothing: who is still sending when a connection is closed may never see the answer, and would send
/// all of it again.
pub(crate) async fn drain(body: &mut Body) {
    const MOST: usize = 32 << 20;
    const PATIENCE: Duration = Duration::from_secs(5);
    let all = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map(Bytes::len).unwrap_or_default();
            if read > MOST {
                break;
            }
        }
    };
    // What is not read by then is closed upon.
    let _ = tokio::time::timeout(PATIENCE, all).await;
}
