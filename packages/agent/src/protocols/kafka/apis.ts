// Kafka's requests: number, name, the first version with flexible headers (99: none), the newest version that is known
// (Kafka 4.3.0's org.apache.kafka.common.protocol.ApiKeys; 4 to 7 were for brokers among themselves until 3.x).

/** Api is a row. */
export interface Api {
  readonly name: string;
  readonly flexible: number;
  readonly newest: number;
}

const rows = [
  "Produce 9 13",
  "Fetch 12 18",
  "ListOffsets 6 11",
  "Metadata 9 13",
  "LeaderAndIsr 2 8",
  "StopReplica 2 8",
  "UpdateMetadata 6 8",
  "ControlledShutdown 3 8",
  "OffsetCommit 8 10",
  "OffsetFetch 6 10",
  "FindCoordinator 3 6",
  "JoinGroup 6 9",
  "Heartbeat 4 4",
  "LeaveGroup 4 5",
  "SyncGroup 4 5",
  "DescribeGroups 5 6",
  "ListGroups 3 5",
  "SaslHandshake 99 1",
  "ApiVersions 3 4",
  "CreateTopics 5 7",
  "DeleteTopics 4 6",
  "DeleteRecords 2 2",
  "InitProducerId 2 6",
  "OffsetForLeaderEpoch 4 4",
  "AddPartitionsToTxn 3 5",
  "AddOffsetsToTxn 3 4",
  "EndTxn 3 5",
  "WriteTxnMarkers 1 2",
  "TxnOffsetCommit 3 5",
  "DescribeAcls 2 3",
  "CreateAcls 2 3",
  "DeleteAcls 2 3",
  "DescribeConfigs 4 4",
  "AlterConfigs 2 2",
  "AlterReplicaLogDirs 2 2",
  "DescribeLogDirs 2 5",
  "SaslAuthenticate 2 2",
  "CreatePartitions 2 3",
  "CreateDelegationToken 2 3",
  "RenewDelegationToken 2 2",
  "ExpireDelegationToken 2 2",
  "DescribeDelegationToken 2 3",
  "DeleteGroups 2 2",
  "ElectLeaders 2 2",
  "IncrementalAlterConfigs 1 1",
  "AlterPartitionReassignments 0 1",
  "ListPartitionReassignments 0 0",
  "OffsetDelete 99 0",
  "DescribeClientQuotas 1 1",
  "AlterClientQuotas 1 1",
  "DescribeUserScramCredentials 0 0",
  "AlterUserScramCredentials 0 0",
  "Vote 0 2",
  "BeginQuorumEpoch 1 1",
  "EndQuorumEpoch 1 1",
  "DescribeQuorum 0 2",
  "AlterPartition 2 3",
  "UpdateFeatures 0 2",
  "Envelope 0 0",
  "FetchSnapshot 0 1",
  "DescribeCluster 0 2",
  "DescribeProducers 0 0",
  "BrokerRegistration 0 4",
  "BrokerHeartbeat 0 2",
  "UnregisterBroker 0 0",
  "DescribeTransactions 0 0",
  "ListTransactions 0 2",
  "AllocateProducerIds 0 0",
  "ConsumerGroupHeartbeat 0 1",
  "ConsumerGroupDescribe 0 1",
  "ControllerRegistration 0 0",
  "GetTelemetrySubscriptions 0 0",
  "PushTelemetry 0 0",
  "AssignReplicasToDirs 0 0",
  "ListConfigResources 0 1",
  "DescribeTopicPartitions 0 0",
  "ShareGroupHeartbeat 1 1",
  "ShareGroupDescribe 1 1",
  "ShareFetch 1 2",
  "ShareAcknowledge 1 2",
  "AddRaftVoter 0 1",
  "RemoveRaftVoter 0 0",
  "UpdateRaftVoter 0 0",
  "InitializeShareGroupState 0 0",
  "ReadShareGroupState 0 0",
  "WriteShareGroupState 0 1",
  "DeleteShareGroupState 0 0",
  "ReadShareGroupStateSummary 0 1",
  "StreamsGroupHeartbeat 0 0",
  "StreamsGroupDescribe 0 0",
  "DescribeShareGroupOffsets 0 1",
  "AlterShareGroupOffsets 0 0",
  "DeleteShareGroupOffsets 0 0",
];

/** apis are by number. */
export const apis: readonly Api[] = rows.map((row) => {
  const [name, flexible, newest] = row.split(" ");
  return { name, flexible: Number(flexible), newest: Number(newest) };
});

/** errorNames are by number (org.apache.kafka.common.protocol.Errors); -1 is UNKNOWN_SERVER_ERROR. */
export const errorNames: readonly string[] = (
  "NONE OFFSET_OUT_OF_RANGE CORRUPT_MESSAGE UNKNOWN_TOPIC_OR_PARTITION INVALID_FETCH_SIZE " +
  "LEADER_NOT_AVAILABLE NOT_LEADER_OR_FOLLOWER REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE " +
  "REPLICA_NOT_AVAILABLE MESSAGE_TOO_LARGE STALE_CONTROLLER_EPOCH OFFSET_METADATA_TOO_LARGE " +
  "NETWORK_EXCEPTION COORDINATOR_LOAD_IN_PROGRESS COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR " +
  "INVALID_TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE NOT_ENOUGH_REPLICAS " +
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND INVALID_REQUIRED_ACKS ILLEGAL_GENERATION " +
  "INCONSISTENT_GROUP_PROTOCOL INVALID_GROUP_ID UNKNOWN_MEMBER_ID INVALID_SESSION_TIMEOUT " +
  "REBALANCE_IN_PROGRESS INVALID_COMMIT_OFFSET_SIZE TOPIC_AUTHORIZATION_FAILED " +
  "GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED INVALID_TIMESTAMP " +
  "UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE UNSUPPORTED_VERSION TOPIC_ALREADY_EXISTS " +
  "INVALID_PARTITIONS INVALID_REPLICATION_FACTOR INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG " +
  "NOT_CONTROLLER INVALID_REQUEST UNSUPPORTED_FOR_MESSAGE_FORMAT POLICY_VIOLATION " +
  "OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER INVALID_PRODUCER_EPOCH INVALID_TXN_STATE " +
  "INVALID_PRODUCER_ID_MAPPING INVALID_TRANSACTION_TIMEOUT CONCURRENT_TRANSACTIONS " +
  "TRANSACTION_COORDINATOR_FENCED TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED " +
  "OPERATION_NOT_ATTEMPTED KAFKA_STORAGE_ERROR LOG_DIR_NOT_FOUND SASL_AUTHENTICATION_FAILED " +
  "UNKNOWN_PRODUCER_ID REASSIGNMENT_IN_PROGRESS DELEGATION_TOKEN_AUTH_DISABLED " +
  "DELEGATION_TOKEN_NOT_FOUND DELEGATION_TOKEN_OWNER_MISMATCH DELEGATION_TOKEN_REQUEST_NOT_ALLOWED " +
  "DELEGATION_TOKEN_AUTHORIZATION_FAILED DELEGATION_TOKEN_EXPIRED INVALID_PRINCIPAL_TYPE " +
  "NON_EMPTY_GROUP GROUP_ID_NOT_FOUND FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH " +
  "LISTENER_NOT_FOUND TOPIC_DELETION_DISABLED FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH " +
  "UNSUPPORTED_COMPRESSION_TYPE STALE_BROKER_EPOCH OFFSET_NOT_AVAILABLE MEMBER_ID_REQUIRED " +
  "PREFERRED_LEADER_NOT_AVAILABLE GROUP_MAX_SIZE_REACHED FENCED_INSTANCE_ID " +
  "ELIGIBLE_LEADERS_NOT_AVAILABLE ELECTION_NOT_NEEDED NO_REASSIGNMENT_IN_PROGRESS " +
  "GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED " +
  "PRODUCER_FENCED RESOURCE_NOT_FOUND DUPLICATE_RESOURCE UNACCEPTABLE_CREDENTIAL " +
  "INCONSISTENT_VOTER_SET INVALID_UPDATE_VERSION FEATURE_UPDATE_FAILED " +
  "PRINCIPAL_DESERIALIZATION_FAILURE SNAPSHOT_NOT_FOUND POSITION_OUT_OF_RANGE UNKNOWN_TOPIC_ID " +
  "DUPLICATE_BROKER_REGISTRATION BROKER_ID_NOT_REGISTERED INCONSISTENT_TOPIC_ID " +
  "INCONSISTENT_CLUSTER_ID TRANSACTIONAL_ID_NOT_FOUND FETCH_SESSION_TOPIC_ID_ERROR " +
  "INELIGIBLE_REPLICA NEW_LEADER_ELECTED OFFSET_MOVED_TO_TIERED_STORAGE FENCED_MEMBER_EPOCH " +
  "UNRELEASED_INSTANCE_ID UNSUPPORTED_ASSIGNOR STALE_MEMBER_EPOCH MISMATCHED_ENDPOINT_TYPE " +
  "UNSUPPORTED_ENDPOINT_TYPE UNKNOWN_CONTROLLER_ID UNKNOWN_SUBSCRIPTION_ID TELEMETRY_TOO_LARGE " +
  "INVALID_REGISTRATION TRANSACTION_ABORTABLE INVALID_RECORD_STATE SHARE_SESSION_NOT_FOUND " +
  "INVALID_SHARE_SESSION_EPOCH FENCED_STATE_EPOCH INVALID_VOTER_KEY DUPLICATE_VOTER " +
  "VOTER_NOT_FOUND INVALID_REGULAR_EXPRESSION REBOOTSTRAP_REQUIRED STREAMS_INVALID_TOPOLOGY " +
  "STREAMS_INVALID_TOPOLOGY_EPOCH STREAMS_TOPOLOGY_FENCED SHARE_SESSION_LIMIT_REACHED"
).split(" ");
