//! What podman's API needs that Docker's does not.

use bollard::BollardRequest;
use hyper::Uri;

/// Tells podman that a registry of its own machine speaks plain HTTP. Docker takes that for granted of 127.0.0.0/8; podman asks
/// every registry for TLS that no setting excepts, and a port that is free by chance cannot be in a setting.
pub(super) fn adapted(client: bollard::Docker) -> bollard::Docker {
    client.with_request_modifier(adapted_request)
}

/// One request, adapted.
pub(super) fn adapted_request(mut request: BollardRequest) -> BollardRequest {
    if let Some(uri) = without_tls(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The request with podman's own parameter, where it pushes to a registry on 127.0.0.1. For a pull podman has none.
fn without_tls(uri: &Uri) -> Option<Uri> {
    if !(uri.path().ends_with("/push") && uri.path().contains("/images/127.0.0.1")) {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("{}?{}&tlsVerify=false", uri.path(), uri.query().unwrap_or_default()).parse().ok();
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(uri: &str) -> Option<String> {
        without_tls(&uri.parse().expect("a URI")).map(|uri| uri.to_string())
    }

    #[test]
    fn only_a_push_to_a_registry_of_this_machine_goes_without_tls() {
        let push = "http://d/images/127.0.0.1:5000/x/push?tag=a";
        assert_eq!(changed(push), Some(format!("{push}&tlsVerify=false")));
        assert_eq!(changed("http://d/images/quay.example/x/push?tag=a"), None);
        assert_eq!(changed("http://d/images/create?fromImage=127.0.0.1%3A5000%2Fx"), None);
        assert_eq!(changed("http://d/info"), None);
    }
}
