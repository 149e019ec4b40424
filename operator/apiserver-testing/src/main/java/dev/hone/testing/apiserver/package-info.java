/** A real API server for tests: etcd and kube-apiserver, no kubelet and no controllers. */
@NullMarked
package dev.hone.testing.apiserver;

import org.jspecify.annotations.NullMarked;
