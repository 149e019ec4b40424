package dev.hone.testing.apiserver;

import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Starts the shared API server for a class marked with {@link WithApiServer}. */
final class ApiServerExtension implements BeforeAllCallback, ParameterResolver {

  private static final ExtensionContext.Namespace STORE =
      ExtensionContext.Namespace.create(ApiServerExtension.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    ApiServer server = ApiServer.shared();
    if (context.getRequiredTestClass().getAnnotation(WithApiServer.class).crds()) {
      server.installCrds();
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == ApiServer.class || type == KubernetesClient.class || type == TestNamespace.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    if (type == ApiServer.class) {
      return ApiServer.shared();
    }
    if (type == KubernetesClient.class) {
      return ApiServer.shared().admin();
    }
    return context
        .getStore(STORE)
        .computeIfAbsent(
            context.getUniqueId(),
            id -> new TestNamespace(ApiServer.shared().newNamespace("test")),
            TestNamespace.class);
  }
}
