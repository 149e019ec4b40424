package dev.hone.contract;

/** Version of the contract. */
public final class ContractVersion {

  public static final String V1 = "v1";

  private ContractVersion() {}
}
