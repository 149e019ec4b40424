package dev.hone.contract;

import dev.hone.api.ApiType;

/** Where and as whom a pod reports. */
@ApiType
public record ReportConfig(String url, String tokenFile, String caFile) {}
