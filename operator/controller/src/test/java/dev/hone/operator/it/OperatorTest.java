package dev.hone.operator.it;

import com.sun.net.httpserver.HttpServer;
import dev.hone.operator.desired.Serving;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Starts the operator for a namespace of its own before each test. */
@WithApiServer
abstract class OperatorTest {

  static final String DIGEST_A = "sha256:" + "a".repeat(64);
  static final String DIGEST_B = "sha256:" + "b".repeat(64);

  private ApiServer server;
  private RunningOperator operator;

  /** Stands for every pod that the operator talks to. */
  HttpServer models;

  Workbench bench;
  Kubelet kubelet;

  @BeforeEach
  void start(ApiServer apiServer, TestNamespace namespace) throws IOException {
    server = apiServer;
    bench = new Workbench(apiServer.admin(), namespace.name());
    kubelet = new Kubelet(apiServer.admin());
    models = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    models.createContext(
        "/v2/models/",
        exchange -> {
          byte[] body =
              "{\"name\": \"m\", \"parameters\": {\"provider\": \"CPUExecutionProvider\"}}"
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    models.start();
    startOperator();
  }

  final void startOperator() {
    operator = newOperator(server, models.getAddress().getPort());
  }

  RunningOperator newOperator(ApiServer apiServer, int modelPort) {
    return RunningOperator.start(apiServer, bench.namespace(), modelPort);
  }

  void stopOperator() {
    operator.close();
  }

  /** Waits until the pods of a Deployment are made for a model. */
  final Deployment awaitModel(String name, String digest) {
    return bench.await(
        Deployment.class,
        name,
        found ->
            digest.equals(
                found
                    .getSpec()
                    .getTemplate()
                    .getMetadata()
                    .getAnnotations()
                    .get(Serving.DIGEST_ANNOTATION)));
  }

  @AfterEach
  void stop() {
    operator.close();
    models.stop(0);
  }
}
