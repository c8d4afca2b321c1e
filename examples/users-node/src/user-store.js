// Users in DynamoDB. Every write is conditional: creating never replaces, updating never brings back a user that was deleted.
import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand, UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const TableName = process.env.TABLE_NAME;
const db = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export async function list(limit, afterId) {
  const page = await db.send(
    new ScanCommand({ TableName, Limit: limit, ExclusiveStartKey: afterId && { id: afterId } }),
  );
  return { items: page.Items, lastId: page.LastEvaluatedKey?.id };
}

// Consistent, so that a user is found as soon as it was created.
export async function get(id) {
  const { Item } = await db.send(new GetCommand({ TableName, Key: { id }, ConsistentRead: true }));
  return Item;
}

export async function create(user) {
  const now = new Date().toISOString();
  const Item = { id: randomUUID(), ...user, createdAt: now, updatedAt: now };
  await db.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }));
  return Item;
}

// All of the user is replaced: an optional field that is not given goes. Undefined when there is no such user.
export async function update(id, user) {
  const names = {};
  const values = { ':updatedAt': new Date().toISOString() };
  const set = ['updatedAt = :updatedAt'];
  const remove = [];
  for (const field of ['name', 'email', 'age', 'phone']) {
    names[`#${field}`] = field;
    if (user[field] === undefined) {
      remove.push(`#${field}`);
    } else {
      values[`:${field}`] = user[field];
      set.push(`#${field} = :${field}`);
    }
  }
  return ifThere(async () => {
    const { Attributes } = await db.send(
      new UpdateCommand({
        TableName,
        Key: { id },
        UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes;
  });
}

// The user that was deleted; undefined when there is none.
export async function remove(id) {
  return ifThere(async () => {
    const { Attributes } = await db.send(
      new DeleteCommand({ TableName, Key: { id }, ConditionExpression: 'attribute_exists(id)', ReturnValues: 'ALL_OLD' }),
    );
    return Attributes;
  });
}

async function ifThere(write) {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
