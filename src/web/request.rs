use std::net::IpAddr;

use actix_web::HttpMessage;

use crate::base::RequestId;

/// What the frame found out about a request before its handler ran; in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct RequestInfo {
    pub id: RequestId,
    pub address: IpAddr,
}

/// The id of this request.
pub fn request_id(request: &impl HttpMessage) -> RequestId {
    request.extensions().get::<RequestInfo>().map_or_else(RequestId::next, |info| info.id)
}
