package dev.hone.testing.apiserver;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Lets the tests of a class take an {@link ApiServer}, a {@code KubernetesClient} (the
 * administrator's) and a {@link TestNamespace} (a fresh one per test) as parameters.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(ApiServerExtension.class)
public @interface WithApiServer {

  /** Whether the definitions of the folder {@code crds/} are installed first. */
  boolean crds() default true;
}
