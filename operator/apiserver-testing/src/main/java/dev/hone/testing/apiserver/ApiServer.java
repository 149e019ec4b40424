package dev.hone.testing.apiserver;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A running API server with RBAC on, shared by all tests of a JVM. There are no controllers and no
 * nodes: no garbage is collected, and no Job gets a pod unless the test makes it.
 */
public final class ApiServer {

  private static @Nullable ApiServer shared;

  private final ControlPlane controlPlane;
  private final KubernetesClient admin;
  private final AtomicInteger namespaces = new AtomicInteger();
  private boolean crdsInstalled;

  private ApiServer(ControlPlane controlPlane) {
    this.controlPlane = controlPlane;
    this.admin = client(controlPlane.adminToken());
  }

  /** The API server of this JVM; the first call starts it. */
  public static synchronized ApiServer shared() {
    if (shared == null) {
      ControlPlane controlPlane = ControlPlane.start(KubeBinaries.directory());
      ApiServer started = new ApiServer(controlPlane);
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    started.admin.close();
                    controlPlane.close();
                  }));
      shared = started;
    }
    return shared;
  }

  /** The address of the API server. */
  public String url() {
    return controlPlane.url();
  }

  /** The certificate that clients must trust. */
  public Path caCertificate() {
    return controlPlane.caCertificate();
  }

  /** A kubeconfig of the cluster's administrator, for {@code kubectl} and the like. */
  public Path kubeconfig() {
    return controlPlane.kubeconfig();
  }

  /**
   * Writes a kubeconfig.
   *
   * @param token who it is of
   * @param address of this API server, or of a {@link Wire} to it
   */
  public Path kubeconfig(Path file, String token, String address) throws IOException {
    return Kubeconfig.write(file, address, caCertificate(), token);
  }

  /** The folder with {@code kubectl}. */
  public Path binaries() {
    return controlPlane.binaries();
  }

  /** A client that may do everything; it stays open until the JVM ends. */
  public KubernetesClient admin() {
    return admin;
  }

  /** A client with the given bearer token; the caller closes it. */
  public KubernetesClient client(String token) {
    return client(token, url());
  }

  /** A client that reaches the API server by another address, say a {@link Wire}'s. */
  public KubernetesClient client(String token, String address) {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl(address)
            .withCaCertFile(caCertificate().toString())
            .withOauthToken(token)
            .withNamespace("default")
            // A test shall see an error at once.
            .withRequestRetryBackoffLimit(0)
            .build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  /** Installs every definition of the folder {@code crds/}, and waits until all are served. */
  public synchronized void installCrds() {
    if (crdsInstalled) {
      return;
    }
    for (CustomResourceDefinition definition : definitions()) {
      admin.resource(definition).forceConflicts().serverSideApply();
      admin.resource(definition).waitUntilCondition(ApiServer::isEstablished, 30, TimeUnit.SECONDS);
    }
    crdsInstalled = true;
  }

  /**
   * Removes the definitions, and every resource of theirs with them, and waits until they are gone.
   * Finalizers are taken off, for whoever had set them may be away.
   */
  public synchronized void removeCrds() {
    List<CustomResourceDefinition> definitions = definitions();
    crdsInstalled = false;
    for (CustomResourceDefinition definition : definitions) {
      var kind = CustomResourceDefinitionContext.fromCrd(definition);
      for (GenericKubernetesResource left :
          admin.genericKubernetesResources(kind).inAnyNamespace().list().getItems()) {
        admin
            .resource(left)
            .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\": {\"finalizers\": null}}");
      }
      admin.resource(definition).delete();
    }
    for (CustomResourceDefinition definition : definitions) {
      admin.resource(definition).waitUntilCondition(Objects::isNull, 30, TimeUnit.SECONDS);
    }
  }

  private List<CustomResourceDefinition> definitions() {
    try (Stream<Path> files = Files.list(Repository.crds())) {
      List<Path> sorted = files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
      if (sorted.isEmpty()) {
        throw new IllegalStateException(
            "no definitions in " + Repository.crds() + ": run make generate");
      }
      List<CustomResourceDefinition> definitions = new ArrayList<>();
      for (Path file : sorted) {
        try (InputStream yaml = Files.newInputStream(file)) {
          admin.load(yaml).items().stream()
              .map(CustomResourceDefinition.class::cast)
              .forEach(definitions::add);
        }
      }
      return definitions;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isEstablished(@Nullable CustomResourceDefinition definition) {
    return definition != null
        && definition.getStatus() != null
        && definition.getStatus().getConditions() != null
        && definition.getStatus().getConditions().stream()
            .anyMatch(c -> "Established".equals(c.getType()) && "True".equals(c.getStatus()));
  }

  /**
   * Makes a namespace that nobody else uses, with the service account that pods have by default.
   */
  public String newNamespace(String prefix) {
    String name = prefix + "-" + namespaces.incrementAndGet();
    admin
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
    createServiceAccount(name, "default");
    return name;
  }

  /** Makes a service account, if there is none of that name. */
  public void createServiceAccount(String namespace, String name) {
    admin
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .endMetadata()
                .build())
        .serverSideApply();
  }

  /**
   * A client with the rights of a service account and no others. The service account is made if it
   * is missing; the given manifests (roles and their bindings) are applied first.
   */
  public KubernetesClient serviceAccount(
      String namespace, String name, List<? extends HasMetadata> rbac) {
    createServiceAccount(namespace, name);
    for (HasMetadata manifest : rbac) {
      admin.resource(manifest).forceConflicts().serverSideApply();
    }
    return client(token(namespace, name, List.of()));
  }

  /** A token of a service account, for the given audiences (none: the API server itself). */
  public String token(String namespace, String name, List<String> audiences) {
    TokenRequest request =
        new TokenRequestBuilder()
            .withNewSpec()
            .withAudiences(audiences)
            .withExpirationSeconds(3600L)
            .endSpec()
            .build();
    return token(namespace, name, request);
  }

  /** A token of a service account that is bound to a pod, as a projected volume holds it. */
  public String podToken(
      String namespace,
      String serviceAccount,
      List<String> audiences,
      String podName,
      String podUid) {
    TokenRequest request =
        new TokenRequestBuilder()
            .withNewSpec()
            .withAudiences(audiences)
            .withExpirationSeconds(600L)
            .withNewBoundObjectRef()
            .withKind("Pod")
            .withApiVersion("v1")
            .withName(podName)
            .withUid(podUid)
            .endBoundObjectRef()
            .endSpec()
            .build();
    return token(namespace, serviceAccount, request);
  }

  private String token(String namespace, String serviceAccount, TokenRequest request) {
    return admin
        .serviceAccounts()
        .inNamespace(namespace)
        .withName(serviceAccount)
        .tokenRequest(request)
        .getStatus()
        .getToken();
  }
}
