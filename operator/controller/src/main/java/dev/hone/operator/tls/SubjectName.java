package dev.hone.operator.tls;

import dev.hone.operator.config.HoneConfig;
import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** A name that the report endpoint is called by: a host name or an IP address. */
record SubjectName(String value) {
  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*");
  static final String SERVICE = "hone-operator";

  boolean isAddress() {
    return ADDRESS.matcher(value).matches();
  }

  /** Every name that the endpoint has, the full one of its Service first. */
  static Set<SubjectName> of(HoneConfig config) {
    String namespace = config.operatorNamespace();
    Set<SubjectName> names = new LinkedHashSet<>();
    names.add(new SubjectName("%s.%s.svc".formatted(SERVICE, namespace)));
    names.add(new SubjectName("%s.%s.svc.cluster.local".formatted(SERVICE, namespace)));
    names.add(new SubjectName("%s.%s".formatted(SERVICE, namespace)));
    names.add(new SubjectName(SERVICE));
    String host = URI.create(config.effectiveReportUrl()).getHost();
    if (host == null) {
      throw new IllegalArgumentException(
          "HONE_REPORT_URL is \"%s\"; write a URL with a host, such as https://%s.%s.svc:8443"
              .formatted(config.effectiveReportUrl(), SERVICE, namespace));
    }
    names.add(new SubjectName(host.replaceAll("[\\[\\]]", "")));
    return Collections.unmodifiableSet(names);
  }
}
