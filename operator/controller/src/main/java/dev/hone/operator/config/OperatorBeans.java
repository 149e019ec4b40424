package dev.hone.operator.config;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.quarkiverse.operatorsdk.runtime.QuarkusConfigurationService;
import io.quarkiverse.operatorsdk.runtime.QuarkusControllerConfiguration;
import io.quarkus.arc.ClientProxy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import java.time.Duration;

/**
 * Registers the reconcilers as the framework's extension would, but heeds {@code
 * triggerReconcilerOnAllEvents}, which its configuration leaves out: without it a resource that is
 * being deleted would never reach a reconciler that sets its finalizer itself.
 */
@Dependent
class OperatorBeans {

  @Produces
  @ApplicationScoped
  Operator operator(
      QuarkusConfigurationService configuration,
      Instance<Reconciler<? extends HasMetadata>> reconcilers) {
    Operator operator = new Operator(configuration);
    reconcilers.forEach(reconciler -> register(operator, configuration, reconciler));
    Duration timeout = configuration.reconciliationTerminationTimeout();
    if (!timeout.isZero()) {
      operator.installShutdownHook(timeout);
    }
    return operator;
  }

  private static <P extends HasMetadata> void register(
      Operator operator, QuarkusConfigurationService service, Reconciler<P> reconciler) {
    QuarkusControllerConfiguration<P> configuration = service.getConfigurationFor(reconciler);
    ControllerConfiguration annotation =
        ClientProxy.unwrap(reconciler).getClass().getAnnotation(ControllerConfiguration.class);
    if (annotation == null || !annotation.triggerReconcilerOnAllEvents()) {
      operator.register(reconciler);
      return;
    }
    AllEvents<P> allEvents = new AllEvents<>(configuration);
    allEvents.setParent(service);
    operator.register(reconciler, allEvents);
  }

  private static final class AllEvents<P extends HasMetadata>
      extends QuarkusControllerConfiguration<P> {

    AllEvents(QuarkusControllerConfiguration<P> as) {
      super(
          as.getInformerConfig(),
          as.getName(),
          as.isGenerationAware(),
          as.getAssociatedReconcilerClassName(),
          as.getRetry(),
          as.getRateLimiter(),
          as.maxReconciliationInterval().orElse(null),
          as.getFinalizerName(),
          as.fieldManager(),
          as.getWorkflow(),
          as.getResourceTypeName(),
          as.getResourceClass());
    }

    @Override
    public boolean triggerReconcilerOnAllEvents() {
      return true;
    }
  }
}
