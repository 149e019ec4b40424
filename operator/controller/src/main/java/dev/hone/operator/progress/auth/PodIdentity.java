package dev.hone.operator.progress.auth;

/** The pod that a token was made for, as the API server vouches for it. */
public record PodIdentity(String namespace, String name, String uid) {}
