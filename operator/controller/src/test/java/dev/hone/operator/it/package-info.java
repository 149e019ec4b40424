/**
 * The whole operator against a real API server, under its real rights; the test plays the kubelet.
 */
package dev.hone.operator.it;
