//! Connections: accepted, bounded, wrapped in TLS where that is asked for, and served.

use crate::api::guard::Peer;
use crate::app::App;
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// A client that does not finish its TLS handshake or the head of its request within this time is
/// hung up on.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(15);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// Requests at one time on one HTTP/2 connection.
const STREAMS: u32 = 64;
/// How long requests under way may take to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves until `stopping` becomes true, then lets requests under way end.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(app.limits.connections));
    let acceptor = tls.map(TlsAcceptor::from);
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stopping) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the client is gone already: go on, but not in a loop.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            app.counts.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let (app, router, acceptor) = (app.clone(), router.clone(), acceptor.clone());
        let stopping = stopping.clone();
        tokio::spawn(async move {
            app.counts.connections.fetch_add(1, Ordering::Relaxed);
            connection(&app, stream, peer, router, acceptor, stopping).await;
            app.counts.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    let all = u32::try_from(app.limits.connections).unwrap_or(u32::MAX);
    // Connections that are left after that are cut.
    let _ = tokio::time::timeout(FAREWELL, places.acquire_many(all)).await;
}

/// Returns when the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that the server is gone.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn connection(
    app: &App,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    stopping: watch::Receiver<bool>,
) {
    // Answers are small and live news must not wait.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return talk(stream, false, peer, router, app, stopping).await;
    };
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            talk(stream, http2, peer, router, app, stopping).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    http2: bool,
    peer: SocketAddr,
    router: Router,
    app: &App,
    mut stopping: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().call(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .keep_alive_interval(app.limits.idle_time)
        .keep_alive_timeout(HANDSHAKE);
    // The version is known, so that nobody can hold a connection open by not saying one.
    let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    let mut conversation = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = conversation.as_mut() => ended,
        () = stopped(&mut stopping) => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}
