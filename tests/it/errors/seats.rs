//! What seats do not permit.

use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use super::world::Ja;
use super::{Seen, expect};
use crate::access_control::City;
use crate::service::append;

pub(crate) async fn all_happen(seen: &mut Seen) {
    use ErrorReason as R;
    let city = City::new().await;
    for (who, seat, reason, ja) in [
        (
            "別の担当",
            None,
            R::NotResponsibleUnit,
            "担当課ではありません（担当: 散歩課）",
        ),
        (
            "監査",
            None,
            R::NotPermitted,
            "「実績報告」の権限がありません",
        ),
        (
            "担当",
            Some("無い席"),
            R::SeatUnknown,
            "職「無い席」に就いていません",
        ),
    ] {
        let channel = city.server.channel().await;
        let mut client = LedgerServiceClient::with_interceptor(channel, Ja(who));
        let indicator = &city.plan.indicators[0];
        let report = city.plan.report(new_id().to_string(), indicator, 1);
        let mut request = Request::new(append(vec![report]));
        if let Some(seat) = seat {
            let seat = MetadataValue::from_bytes(seat.as_bytes());
            request.metadata_mut().insert_bin("daicho-seat-bin", seat);
        }
        let refused = client.append_events(request).await.unwrap_err();
        expect(seen, &refused, Code::PermissionDenied, reason, ja);
    }
    city.server.stop().await;
}
