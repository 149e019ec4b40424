package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferResponse;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/**
 * Asks the tiny model for the label of a text until it is closed, over REST with connections that
 * are kept and over gRPC: from each client one request after the other. None is sent again, but
 * what gRPC sends again by itself: calls that a server which leaves says it has not seen.
 */
final class SteadyLoad implements AutoCloseable {
  private static final String TEXT = "the tea was warm and sweet";
  private static final String LABEL = "good";
  private static final String JSON =
      "{\"inputs\":[{\"name\":\"text\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"%s\"]}]}"
          .formatted(TEXT);
  private static final int CLIENTS = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();
  private final List<Client> clients = new ArrayList<>();
  private final CompletableFuture<Void> sending;
  private volatile boolean over;

  /**
   * Starts it.
   *
   * @param host where the model is served
   * @param restPort the port of REST
   * @param grpcPort the port of gRPC
   * @param model the model's name
   */
  SteadyLoad(String host, int restPort, int grpcPort, String model) {
    this(host, restPort, grpcPort, model, Optional.empty());
  }

  /**
   * Starts it.
   *
   * @param host where the model is served
   * @param restPort the port of REST
   * @param grpcPort the port of gRPC
   * @param model the model's name
   * @param pass what clients show, over TLS; empty for plain HTTP
   */
  SteadyLoad(String host, int restPort, int grpcPort, String model, Optional<Pass> pass) {
    for (int client = 0; client < CLIENTS; client++) {
      clients.add(new Rest(host, restPort, model, pass));
      clients.add(new Grpc(host, grpcPort, model, pass));
    }
    sending =
        CompletableFuture.allOf(
            clients.stream()
                .map(
                    client ->
                        CompletableFuture.runAsync(() -> send(client), Thread::startVirtualThread))
                .toArray(CompletableFuture[]::new));
  }

  private void send(Client client) {
    while (!over) {
      long before = System.nanoTime();
      try {
        String said = client.ask();
        if (!said.contains(LABEL)) {
          failures.add(client.name() + ": " + said);
        }
      } catch (IOException | StatusRuntimeException e) {
        failures.add(client.name() + ": " + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      client.slowestNanos.accumulateAndGet(System.nanoTime() - before, Math::max);
      client.answers.incrementAndGet();
    }
  }

  /** Waits until each client has got so many more answers. */
  void awaitAnswers(int more) {
    long[] wanted = clients.stream().mapToLong(client -> client.answers.get() + more).toArray();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (int client = 0; client < wanted.length; client++) {
      while (clients.get(client).answers.get() < wanted[client]) {
        assertThat(System.nanoTime())
            .as("%s is not answered; failures: %s", clients.get(client).name(), failures)
            .isLessThan(deadline);
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }
  }

  /** What went wrong so far. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  /** How many requests have been answered over REST or over gRPC. */
  long answers(String name) {
    return clients.stream()
        .filter(client -> client.name().equals(name))
        .mapToLong(c -> c.answers.get())
        .sum();
  }

  /** The longest that a request took over REST or over gRPC. */
  Duration slowest(String name) {
    return Duration.ofNanos(
        clients.stream()
            .filter(client -> client.name().equals(name))
            .mapToLong(c -> c.slowestNanos.get())
            .max()
            .orElse(0));
  }

  @Override
  public void close() throws Exception {
    over = true;
    sending.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    clients.forEach(Client::close);
  }

  /**
   * What a client shows, and whom it believes.
   *
   * @param keys its certificate
   * @param trust the authority of the server's
   * @param apiKey its key
   */
  record Pass(KeyManagerFactory keys, TrustManagerFactory trust, String apiKey) {
    SSLContext context() throws GeneralSecurityException {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    }

    private HttpClient.Builder into(HttpClient.Builder http) {
      try {
        return http.sslContext(context());
      } catch (GeneralSecurityException e) {
        throw new AssertionError(e);
      }
    }

    private NettyChannelBuilder into(NettyChannelBuilder channel) {
      Metadata headers = new Metadata();
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + apiKey);
      SslContextBuilder tls = SslContextBuilder.forClient().keyManager(keys).trustManager(trust);
      try {
        return channel
            .sslContext(GrpcSslContexts.configure(tls, SslProvider.JDK).build())
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
      } catch (SSLException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** One that asks, and what it was answered. */
  private abstract static class Client {
    final AtomicLong answers = new AtomicLong();
    final AtomicLong slowestNanos = new AtomicLong();

    abstract String name();

    /** Sends a request and returns what was answered. */
    abstract String ask() throws IOException, InterruptedException;

    abstract void close();
  }

  private static final class Rest extends Client {
    private final HttpClient http;
    private final HttpRequest request;

    Rest(String host, int port, String model, Optional<Pass> pass) {
      HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
      this.http = pass.map(shown -> shown.into(builder)).orElse(builder).build();
      String address =
          "%s://%s:%d/v2/models/%s/infer"
              .formatted(pass.isPresent() ? "https" : "http", host, port, model);
      HttpRequest.Builder asked =
          HttpRequest.newBuilder(URI.create(address))
              .timeout(PATIENCE)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(JSON));
      pass.ifPresent(shown -> asked.header("Authorization", "Bearer " + shown.apiKey()));
      this.request = asked.build();
    }

    @Override
    String name() {
      return "rest";
    }

    @Override
    String ask() throws IOException, InterruptedException {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() == 200 ? answer.body() : "status " + answer.statusCode();
    }

    @Override
    void close() {
      http.close();
    }
  }

  private static final class Grpc extends Client {
    private final ManagedChannel channel;
    private final ModelInferRequest request;

    Grpc(String host, int port, String model, Optional<Pass> pass) {
      NettyChannelBuilder builder = NettyChannelBuilder.forAddress(host, port);
      channel = pass.map(shown -> shown.into(builder)).orElseGet(builder::usePlaintext).build();
      request =
          ModelInferRequest.newBuilder()
              .setModelName(model)
              .addInputs(
                  ModelInferRequest.InferInputTensor.newBuilder()
                      .setName("text")
                      .setDatatype("BYTES")
                      .addShape(1)
                      .setContents(
                          InferTensorContents.newBuilder()
                              .addBytesContents(ByteString.copyFromUtf8(TEXT))))
              .build();
    }

    @Override
    String name() {
      return "grpc";
    }

    @Override
    String ask() {
      ModelInferResponse response =
          GRPCInferenceServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(PATIENCE)
              .modelInfer(request);
      return response.getRawOutputContentsList().stream()
          .map(raw -> raw.toString(StandardCharsets.UTF_8))
          .toList()
          .toString();
    }

    @Override
    void close() {
      channel.shutdownNow();
    }
  }
}
